"""The media engine: all legs of one process, driven by whoever has its clock.

It owns an epoll descriptor that is readable when packets or finished files wait, and says when
it wants to be turned. It starts no thread for itself and never sleeps: the media process runs it
in a loop of its own, the inline driver within the caller's event loop.
"""

import logging
import secrets
import select
import time
from collections.abc import Callable
from uuid import UUID

from opentact.voice.media import MediaEvent, MediaGone, MediaStats

from .background import Background
from .commands import Bridge, Command
from .ears import Ears
from .figures import Vitals
from .leg import Leg, Surroundings
from .ports import PortPool
from .prompts import Prompts
from .settings import MediaSettings
from .wheel import Wheel

# Sockets served in one go; the tick comes between two goes.
_MAX_READY = 128

_log = logging.getLogger(__name__)


class Engine:
    """`tell` gets every event, `vitals` what each leg is doing, every few seconds."""

    def __init__(
        self,
        settings: MediaSettings,
        tell: Callable[[UUID, MediaEvent], None],
        vitals: Callable[[UUID, Vitals], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`monotonic` and `wall` tell seconds."""
        self._now = monotonic
        self._reader = Background("media-read")
        self._writer = Background("media-write", urgent=True)
        prompts = Prompts(self._reader, settings.prompt_cache)
        self._ears = Ears()
        self._around = Surroundings(
            settings, prompts, self._writer, self._ears, wall, monotonic, tell, vitals
        )
        self._ports = PortPool(
            settings.first_port,
            settings.last_port,
            rest=settings.port_rest,
            start=secrets.randbelow(65_536),
        )
        self._legs: dict[UUID, Leg] = {}
        self._wheel: Wheel[Leg] = Wheel(monotonic(), self._ended_by_a_bug)
        self._epoll = select.epoll()
        # Whose bug it is when one raises: a leg's, or everybody's.
        self._readers: dict[int, tuple[Callable[[float], None], Leg | None]] = {}
        self._watch(self._reader.fileno(), lambda _: self._reader.deliver())
        self._watch(self._writer.fileno(), lambda _: self._writer.deliver())

    def fileno(self) -> int:
        """Readable when `receive` has something to do."""
        return self._epoll.fileno()

    @property
    def wake_at(self) -> float | None:
        """When `turn` wants to be called; None while nothing is connected."""
        return self._wheel.wake_at

    def open(self, leg: UUID, host: str) -> tuple[str, int]:
        """Bind a leg; tell its address. Raises `NoMediaPorts`."""
        rtp, rtcp = self._ports.bind(host, self._now())
        made = self._legs[leg] = Leg(leg, rtp, rtcp, self._around)
        self._watch(rtp.fileno(), made.hear, made)
        self._watch(rtcp.fileno(), made.hear_reports, made)
        return made.host, made.port

    def execute(self, leg: UUID, command: Command) -> None:
        """Do what a call asks of a leg; nothing if the leg is gone."""
        made = self._legs.get(leg)
        if made is None:
            return
        if isinstance(command, Bridge):
            other = self._legs.get(command.other)
            if other:  # else it is closed, and who asked is about to learn it
                made.bridge(other)
            return
        was_connected = made.connected
        try:
            made.execute(command, self._now())
        except Exception:  # noqa: BLE001 - a bug met by one command must not end a thousand calls
            self._ended_by_a_bug(made)
        if made.connected and not was_connected:
            self._wheel.add(made, self._now())

    def close_leg(self, leg: UUID, done: Callable[[MediaStats], None]) -> None:
        """Close a leg; `done` gets its figures when its recordings are whole."""
        made = self._legs.pop(leg, None)
        if made is None:
            done(MediaStats())
            return
        for each in (made.rtp, made.rtcp):
            self._unwatch(each.fileno())
        self._ports.release(made.port, self._now())
        made.close(self._now(), done)

    def turn(self) -> None:
        """Send what is due."""
        now = self._now()
        self._wheel.turn(now)
        self._ears.turn(now)

    def receive(self, timeout: float = 0) -> None:
        """Read what waits, after at most `timeout` seconds of waiting."""
        ready = self._epoll.poll(timeout, _MAX_READY)
        now = self._now()
        for descriptor, _ in ready:
            # A leg read before may have closed this one in the same go.
            read, leg = self._readers.get(descriptor, (_nothing, None))
            try:
                read(now)
            except Exception:  # a bug met by one packet must not end a thousand calls
                if leg is None:
                    raise
                self._ended_by_a_bug(leg)

    def watch(self, descriptor: int, read: Callable[[float], None]) -> None:
        """Let `receive` serve another descriptor, such as the pipe that commands come by."""
        self._watch(descriptor, read)

    def vitals(self) -> list[Vitals]:
        """Tell of every leg what it is doing."""
        return [leg.vitals() for leg in self._legs.values()]

    def close(self) -> None:
        """Close all legs, finish what is being written."""
        for leg in [*self._legs]:
            self.close_leg(leg, lambda _: None)
        self._reader.close()
        self._writer.close()
        self._epoll.close()

    def _ended_by_a_bug(self, leg: Leg) -> None:
        """End one leg whose own code failed, so that the others live on."""
        _log.exception("x leg=%s ended by an error of ours", leg.leg)
        self._around.tell(leg.leg, MediaGone("internal error"))
        try:
            self.close_leg(leg.leg, lambda _: None)
        except Exception:  # noqa: BLE001 - the same bug may be met again
            _log.exception("x leg=%s could not be closed either", leg.leg)

    def _watch(
        self, descriptor: int, read: Callable[[float], None], leg: Leg | None = None
    ) -> None:
        self._readers[descriptor] = read, leg
        self._epoll.register(descriptor, select.EPOLLIN)

    def _unwatch(self, descriptor: int) -> None:
        self._readers.pop(descriptor, None)
        self._epoll.unregister(descriptor)


def _nothing(_: float) -> None:
    """Read what is not there any more."""
