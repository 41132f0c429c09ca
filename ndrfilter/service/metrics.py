"""The board as metrics, in OpenMetrics' text or Prometheus' older one; prometheus_client knows how they are written."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ndrfilter.service import columns
from ndrfilter.service.board_reading import read
from ndrfilter.service.columns import BUCKETS
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.service.board import Board
    from ndrfilter.service.board_reading import Reading

    Samples = Iterable[tuple[tuple[str, ...], float]]

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_OF_WORDS = (
    ("undecided_causes", "Rules that could not be decided, by cause.", "cause", ("cause",)),
    ("refused", "Clients turned away, by reason.", "refused", ("door", "reason")),
    ("decisions", "What was answered without a verdict, by its first word.", "decision", ("door", "decision")),
    ("sent", "Mail that we send, by the marks it got.", "sent", ("door", "marks")),
    ("remarks", "Other remarks in the log, by their first word.", "remark", ("door", "kind")),
    ("troubles", "Parts of ndrfilter that failed on a message.", "trouble", ("where",)),
)


def render(board: Board, accept: str = OPENMETRICS) -> bytes:
    """The metrics for a scraper that sent this Accept field; where that does not ask for OpenMetrics (it may be empty),
    in Prometheus' text format.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OfBoard(board))
    return choose_encoder(accept)[0](registry)


def content_type(accept: str = OPENMETRICS) -> str:
    """The Content-Type of what `render` gives that scraper."""
    return choose_encoder(accept)[1]


class _OfBoard(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        reading = read(self._board)
        yield from _messages(reading)
        yield from _rules(reading)
        for name, told, family, labels in _OF_WORDS:
            words = reading.words[family].items()
            yield _counter(name, told, labels, ((_labels(word, labels), count) for word, count in words))
        yield from _asked(reading)
        yield from _service(reading)
        yield from _workers(reading)


def _counter(name: str, told: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    """A counter. What looks alike once it is made visible is one sample: a second would spoil the whole scrape."""
    family = CounterMetricFamily(f"ndrfilter_{name}", told, labels=labels)
    together: dict[tuple[str, ...], float] = {}
    for values, count in samples:
        shown = tuple(map(escape, values))
        together[shown] = together.get(shown, 0) + count
    for shown, total in together.items():
        family.add_metric(shown, total)
    return family


def _gauge(name: str, told: str, labels: tuple[str, ...], samples: Samples, unit: str = "") -> Metric:
    family = GaugeMetricFamily(f"ndrfilter_{name}", told, labels=labels, unit=unit)
    for values, count in samples:
        family.add_metric(values, count)
    return family


def _labels(word: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """A word's labels: the first one, if there are two, is a door's name; of what found no room nobody knows it."""
    if len(labels) == 1:
        return (word,)
    first, blank, second = word.partition(" ")
    return (first, second) if blank else (columns.OTHER, word)


def _of(reading: Reading, family: str, zeros: bool = False) -> Samples:
    return [(name[1:], count) for name, count in reading.counts.items() if name[0] == family and (count or zeros)]


def _messages(reading: Reading) -> Iterator[Metric]:
    labels = ("door", "verdict", "kind")
    yield _counter("messages", "Messages judged.", labels, _of(reading, "messages"))
    told = "Messages nobody judged: the recipient opted out, or ndrfilter failed."
    yield _counter("unjudged_messages", told, ("reason",), _of(reading, "unjudged", zeros=True))
    yield _counter("actions", "What clients were told to do.", ("action",), _of(reading, "action", zeros=True))
    told = "What they would have been told without watch mode, or if all recipients were alike."
    yield _counter("withheld_actions", told, ("action",), _of(reading, "would", zeros=True))
    family = HistogramMetricFamily(
        "ndrfilter_message_duration", "From the whole message to the answer.", labels=("door",), unit="seconds"
    )
    for door in columns.ALL_DOORS:
        latency = reading.latency(door)
        if latency.messages:
            below = [sum(latency.buckets[: number + 1]) for number in range(len(latency.buckets))]
            bounds = (*map(str, BUCKETS), "+Inf")
            family.add_metric((door,), list(zip(bounds, below, strict=True)), latency.seconds)
    yield family


def _rules(reading: Reading) -> Iterator[Metric]:
    rules = [(name, rule) for name, rule in reading.rules.items() if name != columns.OTHER or any(rule)]
    yield _counter("rule_hits", "How often a rule hit.", ("rule",), (((name,), rule.hits) for name, rule in rules))
    told = "How often a rule could not be decided."
    yield _counter("rule_undecided", told, ("rule",), (((name,), rule.undecided) for name, rule in rules))


def _asked(reading: Reading) -> Iterator[Metric]:
    counts = reading.counts
    told = "Questions to name servers that no cache answered."
    yield _counter("dns_questions", told, (), [((), counts["dns", "questions"])])
    yield _counter("dns_failures", "Such questions in vain.", (), [((), counts["dns", "failures"])])
    yield _counter("log_lines_lost", "Lines that the log did not take.", (), [((), counts["lost",])])


def _service(reading: Reading) -> Iterator[Metric]:
    events: dict[str, list[tuple[tuple[str, ...], float]]] = {"reload": [], "worker": []}
    for word, count in reading.words["event"].items():
        what, _, how = word.partition(" ")
        events.setdefault(what, []).append(((how,), count))
    yield _counter("reloads", "Reloads of rules and configuration.", ("outcome",), events["reload"])
    yield _counter("worker_events", "What happened to workers.", ("event",), events["worker"])
    notes = reading.notes
    info = InfoMetricFamily("ndrfilter_build", "What runs.")
    info.add_metric((), {name: escape(str(notes[name])) for name in ("version", "ruleset") if name in notes})
    yield info
    for name, told, key in (
        ("start_time", "When the service started.", "started"),
        ("last_reload_time", "When rules and configuration were last read, or could not be.", "reloaded"),
    ):
        value = notes.get(key)
        yield _gauge(name, told, (), [((), value)] if isinstance(value, float) else (), unit="seconds")
    good = float(notes.get("reload", "ok") == "ok")
    yield _gauge("last_reload_successful", "Whether the last reload took.", (), [((), good)])


def _workers(reading: Reading) -> Iterator[Metric]:
    seats = [seat for seat in reading.seats if seat.pid]
    yield _gauge("workers", "Workers that run.", (), [((), len(seats))])
    by = ("worker",)
    named = [((str(seat.number),), seat) for seat in seats]
    yield _gauge("connections", "Clients connected.", by, ((label, seat.connections) for label, seat in named))
    memory = ((label, seat.memory) for label, seat in named)
    yield _gauge("worker_memory", "Memory a worker holds.", by, memory, unit="bytes")
    silent = ((label, seat.silent) for label, seat in named)
    yield _gauge("worker_silent", "Time since a worker was last alive.", by, silent, unit="seconds")
    used = (((str(seat.number),), seat.cpu) for seat in reading.seats if seat.cpu)
    yield _counter("worker_cpu_seconds", "Processor time of all workers of a seat.", by, used)
