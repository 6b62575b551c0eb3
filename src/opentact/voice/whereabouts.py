"""Who is registered from where, in memory: by user, by connection, and by when it ends."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from .sip.alarms import Alarms
from .sip.registrar import Binding


@dataclass(frozen=True, slots=True)
class Registered:
    """A user with its bindings, the one refreshed last at the end.

    `secret` is the HA1 that it registered with.
    """

    user: UUID
    account: UUID
    login: str
    domain: str
    secret: str
    bindings: tuple[Binding, ...] = ()

    def at(self, bindings: tuple[Binding, ...]) -> "Registered":
        """Give the same user with other bindings."""
        return replace(self, bindings=bindings)

    def until(self, now: float) -> "Registered":
        """Give the same user without what has expired."""
        return self.at(tuple(each for each in self.bindings if each.expires_at > now))

    def without_flow(self, flow: int) -> "Registered":
        """Give the same user without what came over a connection."""
        return self.at(tuple(each for each in self.bindings if each.source.flow != flow))


Changed = dict[str, Binding | None]
"""Bindings of a user that became others, by key; None for one that is no more."""


class Whereabouts:
    """Users with bindings; those without are not kept."""

    def __init__(self) -> None:
        self._users: dict[UUID, Registered] = {}
        self._flows: dict[int, set[UUID]] = {}
        self._hosts: Counter[str] = Counter()
        self._ends: Alarms[UUID] = Alarms()

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._users.values())

    def __getitem__(self, user: UUID) -> Registered:
        return self._users[user]

    def get(self, user: UUID) -> Registered | None:
        """Find a user; None when it has no bindings."""
        return self._users.get(user)

    def has_any_at(self, host: str) -> bool:
        """Tell whether anybody has registered from this host."""
        return host in self._hosts

    def over(self, flow: int) -> list[Registered]:
        """List who has registered over a connection."""
        return [self._users[user] for user in self._flows.get(flow, ())]

    def set(self, held: Registered) -> Changed:
        """Hold what a user has now; tell what differs from before."""
        before = self._users.pop(held.user, None)
        old = {each.key: each for each in before.bindings} if before else {}
        new = {each.key: each for each in held.bindings}
        for binding in old.values():
            self._leave(binding.source.flow, held.user)
            self._leave_host(binding.source.host)
        for binding in new.values():
            self._hosts[binding.source.host] += 1
            if binding.source.flow:
                self._flows.setdefault(binding.source.flow, set()).add(held.user)
        if new:
            self._users[held.user] = held
        self._ends.set(held.user, min((each.expires_at for each in new.values()), default=None))
        changed: Changed = {key: each for key, each in new.items() if old.get(key) != each}
        return changed | dict.fromkeys(old.keys() - new.keys())

    def due(self, now: float) -> Iterator[Registered]:
        """Take the users of whom a binding has ended by now; each must be set anew."""
        while (user := self._ends.take(now)) is not None:
            yield self._users[user]

    def _leave(self, flow: int, user: UUID) -> None:
        users = self._flows.get(flow)
        if users is not None:
            users.discard(user)
            if not users:
                del self._flows[flow]

    def _leave_host(self, host: str) -> None:
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
