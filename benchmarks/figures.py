"""What one scale benchmark measured; `targets` compares it, `plot` and `projection` show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.disk import Room
from benchmarks.report import Line

IMPORT = "legacy_import"
LATER_STAGES = ("legacy_validate", "legacy_classify", "legacy_dry_run")
STAGES = (IMPORT, *LATER_STAGES)
FLOOR = "floor: INSERT … SELECT per table"
STARTING = "starting: legacy_status"


@dataclass(slots=True)
class Edges:
    """Pairs of rows that look like one person: what grouping keeps in memory."""

    rows: int = 0  # rows of the run that are in any pair
    pairs: int = 0
    bytes_a_row: float = 0.0  # of memory, at the peak of grouping, per row in a pair


@dataclass(slots=True)
class Size:
    """One number of learners, imported and planned. Parts that were not measured stay empty."""

    rows: int
    starting: float = 0.0  # seconds of a command that does next to nothing
    stages: dict[str, Line] = field(default_factory=dict)
    floor: dict[str, Line] = field(default_factory=dict)  # by table
    redo: dict[str, int] = field(default_factory=dict)  # by stage: bytes of redo log
    rooms: dict[str, Room] = field(default_factory=dict)  # by table, once planned
    edges: Edges = field(default_factory=Edges)

    @property
    def floor_line(self) -> Line | None:
        if not self.floor:
            return None
        return Line(FLOOR, self.rows, _seconds(self.floor))

    @property
    def lines(self) -> list[Line]:
        """Everything that was timed, in the order of the journey."""
        floor = [self.floor_line] if self.floor_line else []
        own = list(self.stages.values())
        return [
            Line(STARTING, 0, self.starting, starting=self.starting),
            *own[:1],
            *floor,
            *own[1:],
        ]

    def seconds(self, *stages: str) -> float:
        return sum(self.stages[stage].seconds for stage in stages)


def median_of(rounds: Sequence[Size]) -> Size:
    """One size out of several rounds of it: the floor's and each stage's median round, by seconds."""
    starting = sorted(one.starting for one in rounds)[len(rounds) // 2]
    stages = {}
    for stage in rounds[-1].stages:
        lines = sorted((one.stages[stage] for one in rounds), key=lambda line: line.seconds)
        stages[stage] = replace(lines[len(lines) // 2], starting=starting)
    floors = sorted((one.floor for one in rounds), key=_seconds)
    return replace(rounds[-1], starting=starting, stages=stages, floor=floors[len(floors) // 2])


def _seconds(lines: Mapping[str, Line]) -> float:
    return sum(line.seconds for line in lines.values())


def in_words(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


@dataclass(slots=True)
class Figures:
    """Everything, sizes from small to large."""

    sizes: list[Size] = field(default_factory=list)
    workers: dict[int, Size] = field(default_factory=dict)  # by number of Celery workers
    rivals: dict[str, Line] = field(default_factory=dict)
    commit: dict[str, Line] = field(default_factory=dict)
    buffer_pool: int = 0  # bytes

    @property
    def largest(self) -> Size:
        return self.sizes[-1]

    @property
    def middle(self) -> Size:
        """The size that also goes through Celery and under the profiler."""
        return self.sizes[len(self.sizes) // 2]
