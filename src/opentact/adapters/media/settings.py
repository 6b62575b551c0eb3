"""The settings of the media engine; they go to the media process as they are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Ports are of UDP, both ends included; times in seconds, sizes in bytes.

    `port_rest` is how long a closed port is left alone: packets of the old call still come.
    `realtime` lets the media process come first at the processor, where the system allows it.
    """

    first_port: int = 20_000
    last_port: int = 29_999
    port_rest: float = 5.0
    rtp_timeout: float = 60.0
    report_every: float = 5.0
    prompt_cache: int = 64 * 1024 * 1024
    cname: str = "opentact"
    realtime: bool = True
