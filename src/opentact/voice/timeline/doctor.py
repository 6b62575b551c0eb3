"""The audio doctor: what was wrong with a call, and the one setting to change.

It looks at what is known when the call is over: the descriptions both sides sent, the facts the
media engine noticed (voice/media.py), and the cause. It asks nobody and changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from .messages import Description


@dataclass(frozen=True, slots=True)
class Told:
    """A description, by us (`ours`) or by the peer, and the peer's address on the wire."""

    ours: bool
    sdp: Description
    peer: str


@dataclass(frozen=True, slots=True)
class Patient:
    """One leg: its cause, its media's numbers and facts as its record has them, what was told."""

    leg: str
    cause: str | None = None
    answered: bool = False
    media: Mapping[str, Any] = field(default_factory=dict)
    told: Sequence[Told] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `setting` is what to change, `where` on whose side, `text` for people."""

    code: str
    leg: str
    text: str
    setting: str
    where: str

    def as_dict(self) -> dict[str, str]:
        """Give it as JSON."""
        return {
            "code": self.code,
            "leg": self.leg,
            "text": self.text,
            "setting": self.setting,
            "where": self.where,
        }


OURS, THEIRS, NETWORK = "this server", "the other phone, PBX or carrier", "the network between"
_PUBLIC_ADDRESS = "its public address (STUN, or `external address`)"
_RULES: dict[str, tuple[str, str, str]] = {
    "one_way": (
        "Nothing was ever heard from the other side: {detail}.",
        "OPENTACT_RTP_HOST",
        OURS,
    ),
    "no_rtp": ("The sound of the other side stopped: {detail}.", "OPENTACT_RTP_TIMEOUT", OURS),
    "silence": ("Packets came with no voice in them: {detail}.", "its microphone or mute", THEIRS),
    "wrong_payload_type": (
        "It sent audio in a codec that was not agreed on: {detail}.",
        "its codec list: PCMU and PCMA only",
        THEIRS,
    ),
    "other_law": (
        "It sent the other G.711 law than agreed on; it was understood: {detail}.",
        "its codec list: the codec of the answer first",
        THEIRS,
    ),
    "stranger": (
        "Somebody else sent packets to this call's port; they were dropped: {detail}.",
        "a firewall rule for OPENTACT_RTP_PORTS",
        NETWORK,
    ),
    "source_moved": (
        "The sound began to come from elsewhere in mid-call: {detail}.",
        "its NAT's UDP timeout, longer than 60 s",
        THEIRS,
    ),
}
_CAUSES: dict[str, tuple[str, str, str, str]] = {
    "no_ack": (
        "missing_ack",
        (
            "Our answer was never acknowledged: the ACK goes where our Contact says, and did not"
            " come back."
        ),
        "OPENTACT_SIP_ADVERTISE",
        OURS,
    ),
    "no_common_codec": (
        "wrong_codec",
        "The two sides share no codec: we speak PCMU and PCMA.",
        "its codec list: add PCMU or PCMA",
        THEIRS,
    ),
    "media_refused": (
        "wrong_codec",
        "The callee's description could not be agreed on.",
        "its codec list: add PCMU or PCMA",
        THEIRS,
    ),
    "bad_sdp": (
        "bad_sdp",
        "The session description could not be read.",
        "its SIP helper (ALG): switch it off in the router",
        THEIRS,
    ),
    "no_rtp": (
        "no_rtp",
        "No packets came for so long that the call was ended.",
        "OPENTACT_RTP_HOST",
        OURS,
    ),
}


def examine(patients: Sequence[Patient]) -> list[Finding]:
    """Find what was wrong, each thing once for a leg."""
    # Where media passes us by, what one end wrote is what the other is told.
    passed_on = frozenset(each.sdp.address for p in patients for each in p.told if not each.ours)
    found: dict[tuple[str, str], Finding] = {}
    for patient in patients:
        for finding in (*_descriptions(patient, passed_on), *_facts(patient), *_end(patient)):
            found.setdefault((finding.leg, finding.code), finding)
    return list(found.values())


def _descriptions(patient: Patient, passed_on: frozenset[str | None]) -> Iterator[Finding]:
    for told in patient.told:
        if told.sdp.secure and not told.ours:
            text = "It wants encrypted media (SRTP), which we do not speak."
            yield Finding("srtp", patient.leg, text, "media encryption: off", THEIRS)
        address, there = told.sdp.address, told.peer.partition(":")[2].rpartition(":")[0]
        if not _is_private(address) or not _is_outside(there):
            continue
        if not told.ours:
            text = (
                f"It is at {there} but wrote the private address {address} into its SDP:"
                " it sits behind a NAT and does not know."
            )
            yield Finding("nat", patient.leg, text, _PUBLIC_ADDRESS, THEIRS)
        elif address not in passed_on:
            text = f"We told {there} to send its sound to {address}, which it cannot reach."
            yield Finding("private_address", patient.leg, text, "OPENTACT_RTP_HOST", OURS)


def _facts(patient: Patient) -> Iterator[Finding]:
    facts = {str(each.get("kind")): each for each in patient.media.get("facts", ())}
    differs = facts.get("source_differs")
    if differs is not None:
        text = f"Sound came from elsewhere than promised: {differs.get('detail', '')}."
        if "private_address" in facts:
            text += " It is behind a NAT; we send back to where it came from."
        yield Finding("rtp_from_elsewhere", patient.leg, text, _PUBLIC_ADDRESS, THEIRS)
    for kind in _RULES:
        if kind in facts:
            yield _noticed(kind, patient, str(facts[kind].get("detail", "")))
    if patient.answered and "one_way" not in facts and _heard_nothing(patient.media):
        sent = f"{patient.media['packets_sent']} packets sent, none received"
        yield _noticed("one_way", patient, sent)


def _noticed(kind: str, patient: Patient, detail: str) -> Finding:
    words, setting, where = _RULES[kind]
    text, inner = words.format(detail=detail), _written_from_within(patient)
    if kind == "one_way" and inner is not None:
        text += f" It wrote the private address {inner} into its SDP: what we send cannot arrive."
        setting, where = _PUBLIC_ADDRESS, THEIRS
    return Finding(kind, patient.leg, text, setting, where)


def _written_from_within(patient: Patient) -> str | None:
    """Give the private address that a peer wrote whose messages come from no such network."""
    for told in patient.told:
        there = told.peer.partition(":")[2].rpartition(":")[0]
        if not told.ours and _is_private(told.sdp.address) and not _is_private(there.strip("[]")):
            return told.sdp.address
    return None


def _heard_nothing(media: Mapping[str, Any]) -> bool:
    """Tell one-way audio from a call that was too short for any."""
    at_least = 100  # packets: 2 s of sound
    return int(media.get("packets_sent", 0)) >= at_least and not media.get("packets_received")


def _end(patient: Patient) -> Iterator[Finding]:
    if patient.cause in _CAUSES:
        code, text, setting, where = _CAUSES[patient.cause]
        yield Finding(code, patient.leg, text, setting, where)


def _is_private(host: str | None) -> bool:
    try:
        address = ip_address(host or "")
    except ValueError:
        return False
    return address.is_private and not address.is_loopback


def _is_outside(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_global
    except ValueError:
        return False
