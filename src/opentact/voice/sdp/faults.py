"""Why a session description was refused, with the SIP status that says so to the peer."""

from typing import ClassVar


class SdpRefused(ValueError):  # noqa: N818 - a refusal is said to the peer, as a Fault is
    """A session description we cannot work with.

    `status` is the SIP status of the refusal; `warning` the code for its Warning header
    (RFC 3261 section 20.43), or None where no code fits.
    """

    status: ClassVar[int] = 488
    warning: ClassVar[int | None] = None


class BadSdp(SdpRefused):
    """The description cannot be read, or breaks a rule of RFC 8866 or RFC 3264."""

    status = 400


class NoAudio(SdpRefused):
    """The description has no audio stream over plain RTP."""

    warning = 304


class AudioRefused(SdpRefused):
    """Every audio stream of the description has port 0: the peer wants none."""

    warning = 304


class NoCommonCodec(SdpRefused):
    """There is audio, but in no codec that we have."""

    warning = 305


class NoUsableAddress(SdpRefused):
    """The audio is to go to something other than one IP address: a name, or a group."""

    warning = 300
