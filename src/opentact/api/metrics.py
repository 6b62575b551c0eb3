"""What is counted at the edge: requests by route and status, websockets, events."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seconds: the promises of bench/ lie at 50 and 150 ms.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NO_ROUTE = "none"  # whatever strangers ask for must not become labels without end


class Metrics:
    """The counters of one server, in a registry of their own or the one handed in."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "opentact_http_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "opentact_http_request_seconds",
            "Time to answer a request",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def watch_sockets(self, count: Callable[[], int]) -> None:
        """Show how many authenticated websockets are open."""
        gauge = Gauge("opentact_websockets", "Authenticated websockets", registry=self.registry)
        gauge.set_function(lambda: float(count()))

    def watch_calls(self, live: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Show how many calls live, and how many wait to begin because too many came at once."""
        for name, about, count in (
            ("opentact_calls_live", "Calls that live on this node", live),
            ("opentact_calls_waiting", "Calls that wait to begin", waiting),
        ):
            Gauge(name, about, registry=self.registry).set_function(count)

    def watch_events(self, written: Mapping[str, int]) -> None:
        """Show how many events of each type were stored."""
        self.registry.register(_Counts("opentact_events", "Events stored", "type", written))

    def watch_guard(
        self, bans: Callable[[], int], refused: Mapping[str, int], noticed: Mapping[str, int]
    ) -> None:
        """Show who is kept out of SIP: bans now, messages not let in, and what was noticed."""
        gauge = Gauge("opentact_sip_bans", "Sources banned now", registry=self.registry)
        gauge.set_function(lambda: float(bans()))
        for name, about, counts in (
            ("opentact_sip_refused", "SIP messages and bans not let in", refused),
            ("opentact_sip_suspicious", "What strangers did at the SIP edge", noticed),
        ):
            self.registry.register(_Counts(name, about, "what", counts))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class _Counts(Collector):
    """What somebody else counts, by one label."""

    def __init__(self, name: str, about: str, label: str, counts: Mapping[str, int]) -> None:
        self._name = name
        self._about = about
        self._label = label
        self._counts = counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._about, labels=[self._label])
        for value, count in Tally(self._counts).items():
            family.add_metric([value], count)
        yield family


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measure:
    """Counts every request by the route that took it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self._metrics.answered(method, route, status, time.perf_counter() - began)
