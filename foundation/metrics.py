"""The numbers of one process, in Prometheus' form. `Metrics` is made per process and handed down."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """A registry of its own, so that two applications in one process do not add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "linli_http_requests",
            "Requests answered, by route pattern, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "linli_http_request_seconds",
            "Time from request to answer, by route pattern and method",
            ("route", "method"),
            buckets=SECONDS,
            registry=self.registry,
        )

        self.gauges: dict[str, Gauge] = {}

        self._of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def of(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """Give what counts such requests, and what takes their times in seconds."""
        known = self._of.get((route, method, status))
        if known is None:
            known = self.requests.labels(route, method, str(status)), self.latency.labels(route, method)
            self._of[route, method, status] = known
        return known

    def add_gauge(self, name: str, words: str) -> None:
        """Make room for a number that is asked for when it is read."""
        self.gauges[name] = Gauge(name, words, registry=self.registry)

    def text(self) -> bytes:
        """Write all numbers in the text format."""
        return generate_latest(self.registry)
