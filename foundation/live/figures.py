"""What the feed counts, plain numbers in the hot path; `LiveCollector` shows them to Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


def _counted(words: str) -> int:
    count: int = field(default=0, metadata={"words": words})
    return count


@dataclass(slots=True)
class LiveFigures:
    """The numbers of one process since its start; `sockets` are those open now."""

    sockets: int = _counted("Live sockets open now")
    frames_sent: int = _counted("Event frames written to sockets")
    events_encoded: int = _counted("Event frames made; each is written to all who share a view")
    history_reads: int = _counted("Reads of a topic's events from the database")
    number_reads: int = _counted("Reads of last numbers from the database")
    right_reads: int = _counted("Questions to the database who may watch what")
    heals: int = _counted("Topics found behind by a comparison of numbers, because a message was lost")
    slow_closes: int = _counted("Sockets closed because their readers were too slow")
    revoked_closes: int = _counted("Sockets closed because the right behind them ended")
    refused: int = _counted("Sockets refused because the process or the person had as many as may be")
    published: int = _counted("Messages given to Redis")
    publish_failures: int = _counted("Messages that Redis did not take")
    subscriptions: int = _counted("Times the process began to listen to Redis")


class LiveCollector(Collector):
    """Register it on a process's registry: `metrics.registry.register(LiveCollector(feed.figures))`."""

    def __init__(self, figures: LiveFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Give every number under `linli_live_…`."""
        for figure in fields(self._figures):
            kind = GaugeMetricFamily if figure.name == "sockets" else CounterMetricFamily
            value = getattr(self._figures, figure.name)
            yield kind(f"linli_live_{figure.name}", figure.metadata["words"], value=value)
