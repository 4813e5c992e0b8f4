"""Made-up figures of a scale benchmark."""

from benchmarks.commit.report import COMMIT, DELETES, IDLE, INSERTS, ROLLBACK
from benchmarks.disk import Room
from benchmarks.figures import IMPORT, STAGES, Edges, Figures, Size
from benchmarks.report import Line
from benchmarks.rivals.compare import LOOP, import_export

STARTING = 2.0


def size(rows: int, *, micros: float = 100, later: float = 10, floor: float = 40) -> Size:
    """`micros` a row for the import, `later` for each stage after it, `floor` for the copy."""
    costs = dict.fromkeys(STAGES, later) | {IMPORT: micros}
    return Size(
        rows,
        starting=STARTING,
        stages={
            stage: Line(stage, rows, STARTING + rows * cost / 1e6, 1.0, 80.0, STARTING)
            for stage, cost in costs.items()
        },
        floor={"a_table": Line("a_table", rows, rows * floor / 1e6)},
        redo=dict.fromkeys(STAGES, rows * 1_000),
        rooms={"legacy_identity_keys": Room(3 * rows, 300 * rows, 300 * rows)},
        edges=Edges(rows // 10, rows // 20, 500.0),
    )


def figures(*sizes: Size) -> Figures:
    """Those sizes, one worker count, rivals and a commit."""
    lines = [
        Line(LOOP, 500, 5.0),
        Line(import_export("default", "same"), 500, 10.0),
        Line(import_export("bulk", "same"), 500, 0.5),
    ]
    commit = [
        Line(COMMIT, 1_000, 2.0), Line(IDLE, 1_000, 1.0), Line(INSERTS, 1_000, 0.5),
        Line(ROLLBACK, 1_000, 2.0), Line(DELETES, 1_000, 0.5),
    ]  # fmt: skip
    found = Figures(list(sizes), {}, {line.what: line for line in lines},
                    {line.what: line for line in commit}, 1 << 30)  # fmt: skip
    found.workers = {2: size(found.middle.rows, micros=50, later=5)}
    return found
