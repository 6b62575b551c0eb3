"""Offer and answer for one G.711 audio stream with telephone events (RFC 3264, RFC 4733).

We answer with exactly one codec, the offerer's first among ours, so that what arrives later
leaves no choice open. Every other media line gets port 0, in its place. An offer we make names
all our codecs and lets the answer choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, Literal, get_args

from .faults import AudioRefused, BadSdp, NoAudio, NoCommonCodec, NoUsableAddress
from .session import Attribute, Media, Origin, Session

Codec = Literal["PCMU", "PCMA"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

CODECS: Final[tuple[Codec, ...]] = ("PCMU", "PCMA")
STATIC_TYPES: Final[dict[Codec, int]] = {"PCMU": 0, "PCMA": 8}  # RFC 3551 table 4
DTMF_TYPE: Final = 101  # dynamic; the number most peers use, some assume it unasked
PTIME_MS: Final = 20  # RFC 3551 section 4.2

_DIRECTIONS: Final = get_args(Direction)
_MIRROR: Final[dict[Direction, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_PLAIN_RTP: Final = {"RTP/AVP", "RTP/AVPF"}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What both sides agreed on, as seen by us.

    `payload_type` and `dtmf_payload` are what we send with; `dtmf_expected` is what the peer was
    told to send, which differs where an answer renumbers. `ptime` is in milliseconds, of what we
    send. `rtcp` is where reports go. On hold (`c=0.0.0.0` too) the direction says so.
    """

    remote: tuple[str, int]
    codec: Codec
    payload_type: int
    dtmf_payload: int | None = None
    ptime: int = PTIME_MS
    direction: Direction = "sendrecv"
    rtcp: tuple[str, int] | None = None
    dtmf_expected: int | None = None

    @property
    def sends(self) -> bool:
        """Whether we may send audio."""
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        """Whether audio is to be expected from the peer."""
        return self.direction in {"sendrecv", "recvonly"}


def answer(
    offer: bytes,
    *,
    host: str,
    port: int,
    session_id: int,
    codecs: Sequence[Codec] = CODECS,
    previous: bytes | None = None,
) -> tuple[bytes, Negotiated]:
    """Answer an offer: our description, and what was agreed.

    `previous` is the description we sent last in this dialog: the version stays where the new one
    says the same, else it is one higher (RFC 3264 section 8). Raises `SdpRefused`.
    """
    session = Session.parse(offer)
    chosen = _choose(session, codecs)
    stream, codec, payload_type = chosen
    agreed = _agreed(session, stream, codec, payload_type)
    ours = _audio(agreed, stream.protocol, port)
    media = tuple(ours if each is stream else _refused(each) for each in session.media)
    return bytes(_versioned(host, session_id, media, previous)), agreed


def make_offer(
    *,
    host: str,
    port: int,
    session_id: int,
    codecs: Sequence[Codec] = CODECS,
    direction: Direction = "sendrecv",
    previous: bytes | None = None,
) -> bytes:
    """Offer audio in our codecs, the first liked best. `previous` as in `answer`."""
    types = [STATIC_TYPES[codec] for codec in codecs]
    attributes: list[Attribute] = [
        ("rtpmap", f"{STATIC_TYPES[codec]} {codec}/8000") for codec in codecs
    ]
    attributes += _dtmf_attributes(DTMF_TYPE)
    attributes += [("ptime", str(PTIME_MS)), (direction, None)]
    formats = (*map(str, types), str(DTMF_TYPE))
    media = Media("audio", port, "RTP/AVP", formats, attributes=tuple(attributes))
    return bytes(_versioned(host, session_id, (media,), previous))


def accept(offer: bytes, reply: bytes) -> Negotiated:
    """Read the answer to an offer of ours. Raises `SdpRefused`."""
    offered, answered = Session.parse(offer), Session.parse(reply)
    if len(answered.media) != len(offered.media):
        raise BadSdp(
            f"the answer has {len(answered.media)} media lines, the offer {len(offered.media)}"
        )
    codecs = tuple(codec for codec, _ in _codecs(offered.media[0]))
    stream, codec, payload_type = _choose(answered, codecs)
    agreed = _agreed(answered, stream, codec, payload_type)
    offered_direction = _direction(offered, offered.media[0])
    return replace(
        agreed,
        direction=_narrower(agreed.direction, offered_direction),
        dtmf_expected=_telephone_event(offered.media[0]),
    )


def _choose(session: Session, codecs: Sequence[Codec]) -> tuple[Media, Codec, int]:
    audio = [m for m in session.media if m.kind == "audio" and m.protocol.upper() in _PLAIN_RTP]
    if not audio:
        raise NoAudio("no audio over RTP/AVP in the session description")
    wanted = [m for m in audio if m.port]
    if not wanted:
        raise AudioRefused("every audio stream has port 0")
    for media in wanted:
        for codec, payload_type in _codecs(media):
            if codec in codecs:
                return media, codec, payload_type
    raise NoCommonCodec(
        f"no common codec: offered {' '.join(wanted[0].formats)}, we have {', '.join(codecs)}"
    )


def _agreed(session: Session, stream: Media, codec: Codec, payload_type: int) -> Negotiated:
    host = stream.connection or session.connection
    if host is None:
        raise BadSdp("no c= line for the audio stream")
    dtmf = _telephone_event(stream)
    return Negotiated(
        remote=(_usable(host), stream.port),
        codec=codec,
        payload_type=payload_type,
        dtmf_payload=dtmf,
        ptime=_ptime(stream),
        direction=_MIRROR[_direction(session, stream)],
        rtcp=_rtcp(stream, host),
        dtmf_expected=dtmf,
    )


def _codecs(media: Media) -> list[tuple[Codec, int]]:
    """List the codecs we know among the formats, in the order of the line."""
    names = _names(media)
    return [
        (codec, int(each))
        for each in media.formats
        for codec in CODECS
        if names.get(each) in {f"{codec}/8000", f"{codec}/8000/1"}
    ]


def _telephone_event(media: Media) -> int | None:
    names = _names(media)
    found = (int(f) for f in media.formats if names.get(f) == "TELEPHONE-EVENT/8000")
    return next(found, None)


def _names(media: Media) -> dict[str, str]:
    """Map formats to encoding names in capitals; the static types need no rtpmap."""
    names = {str(number): f"{codec}/8000" for codec, number in STATIC_TYPES.items()}
    for key, value in media.attributes:
        number, _, encoding = (value or "").partition(" ")
        # 127: payload types have seven bits
        if key == "rtpmap" and number.isascii() and number.isdigit() and int(number[:4]) <= 127:  # noqa: PLR2004
            names[number] = encoding.strip().upper()
    return names


def _direction(session: Session, media: Media) -> Direction:
    """Tell the direction as the describing side sees it, `c=0.0.0.0` counted as not receiving."""
    said: Direction = "sendrecv"
    for attributes in (session.attributes, media.attributes):
        for name in _DIRECTIONS:
            if any(key == name for key, _ in attributes):
                said = name
    if (media.connection or session.connection) in {"0.0.0.0", "::"}:  # noqa: S104 - hold as of RFC 2543
        return _narrower(said, "sendonly")
    return said


def _narrower(one: Direction, other: Direction) -> Direction:
    """Allow only what both allow."""
    sends = all(each in {"sendrecv", "sendonly"} for each in (one, other))
    receives = all(each in {"sendrecv", "recvonly"} for each in (one, other))
    if sends and receives:
        return "sendrecv"
    if sends:
        return "sendonly"
    return "recvonly" if receives else "inactive"


def _ptime(media: Media) -> int:
    """Pick the packet time we send with: the one asked for, within maxptime, in steps of 10 ms."""
    asked = _number(media.attribute("ptime"), PTIME_MS)
    limit = _number(media.attribute("maxptime"), 60)
    # 10 to 60 ms: below, headers outweigh audio; above, one lost packet is a lost syllable.
    return max(10, min(asked, limit, 60) // 10 * 10)


def _number(text: str | None, default: int) -> int:
    """Read `20`, and the `20.0` some gateways write."""
    whole = (text or "").strip().partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 5 else default  # noqa: PLR2004 - more digits are no time


def _usable(host: str) -> str:
    """Check that the host is one address, and not a name or a group to flood."""
    try:
        address = ip_address(host)
    except ValueError:
        raise NoUsableAddress(f"c= names {host[:60]!r}, expected an IP address") from None
    if address.is_multicast or host == "255.255.255.255":
        raise NoUsableAddress(f"c= names {host}, expected the address of one host")
    return str(address)


def _rtcp(media: Media, host: str) -> tuple[str, int]:
    """Find where reports go: `a=rtcp` (RFC 3605), else the port above."""
    words = (media.attribute("rtcp") or "").split()
    if words and words[0].isascii() and words[0].isdigit() and 0 < int(words[0][:6]) < 65_536:  # noqa: PLR2004 - ports have 16 bits
        return host, int(words[0])
    return host, min(media.port + 1, 65_535)


def _audio(agreed: Negotiated, protocol: str, port: int) -> Media:
    attributes: list[Attribute] = [("rtpmap", f"{agreed.payload_type} {agreed.codec}/8000")]
    formats = [str(agreed.payload_type)]
    if agreed.dtmf_payload is not None:
        attributes += _dtmf_attributes(agreed.dtmf_payload)
        formats.append(str(agreed.dtmf_payload))
    attributes += [("ptime", str(agreed.ptime)), (agreed.direction, None)]
    return Media("audio", port, protocol, tuple(formats), attributes=tuple(attributes))


def _dtmf_attributes(payload_type: int) -> list[Attribute]:
    # 0-15 are the sixteen keys; flash (16) would be heard by nobody here.
    return [
        ("rtpmap", f"{payload_type} telephone-event/8000"),
        ("fmtp", f"{payload_type} 0-15"),
    ]


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def _versioned(
    host: str, session_id: int, media: tuple[Media, ...], previous: bytes | None
) -> Session:
    fresh = Session(Origin("-", session_id, 1, host), connection=host, media=media)
    if previous is None:
        return fresh
    before = Session.parse(previous)
    same = replace(fresh, origin=before.origin)
    if same == before:
        return same
    return replace(fresh, origin=replace(fresh.origin, version=before.origin.version + 1))
