"""The scale benchmark's places in docs/: two plots, the figures, the projection."""

from benchmarks import plot, projection
from benchmarks.figures import IMPORT, STAGES, Figures, in_words
from benchmarks.plot import Point
from benchmarks.report import DOCS, PERFORMANCE, Report, around_block, table, write_block
from benchmarks.rivals.compare import LOOP, import_export

COST_PLOT = "performance-scale.svg"
RIVALS_PLOT = "performance-rivals.svg"
BLOCK = "measured"
PROJECTED = "projected"
IN_BARS = {
    LOOP: LOOP,
    import_export("default", "same"): "django-import-export, defaults",
    import_export("bulk", "same"): "django-import-export, bulk mode",
}


def require_places() -> None:
    """Raises ValueError unless the page has its markers: before an hour of measuring, not after."""
    for block in (BLOCK, PROJECTED):
        around_block(PERFORMANCE, block)


def complete(report: Report, figures: Figures) -> None:
    """Give the report what has tables of its own."""
    if figures.sizes and figures.largest.floor:
        report.floor_lines = list(figures.largest.floor.values())
    if figures.workers:
        title = f"Through Celery workers, {figures.middle.rows:,} learners, of the seconds without:"
        report.sections.append((title, _workers(figures)))


def write(report: Report, figures: Figures) -> None:
    """Refresh plots and page."""
    title = "Cost of a row by size of the run, microseconds"
    (DOCS / COST_PLOT).write_text(plot.cost_by_size(title, costs(figures)), "utf-8")
    pictures = [f"![{title}]({COST_PLOT})"]
    if figures.rivals:
        title = "Learners imported per second, next to the usual alternatives"
        picture = plot.bars(title, "learners/s", speeds(figures))
        (DOCS / RIVALS_PLOT).write_text(picture, "utf-8")
        pictures.append(f"![{title}]({RIVALS_PLOT})")
    write_block(PERFORMANCE, BLOCK, "\n\n".join([*pictures, report.render()]))
    write_block(PERFORMANCE, PROJECTED, projection.render(figures))


def costs(figures: Figures) -> dict[str, list[Point]]:
    """Name → points of the first plot."""
    lines = {
        stage.removeprefix("legacy_").replace("_", " "): [
            Point(size.rows, size.stages[stage].micros)
            for size in figures.sizes
            if stage in size.stages
        ]
        for stage in STAGES
    }
    lines["floor of the import"] = [
        Point(size.rows, size.floor_line.micros) for size in figures.sizes if size.floor_line
    ]
    return {name: points for name, points in lines.items() if points}


def speeds(figures: Figures) -> dict[str, float]:
    """Name → learners a second, of the second plot."""
    own = {"legacy_import": figures.largest.stages[IMPORT].rate}
    return own | {
        name: figures.rivals[what].rate for what, name in IN_BARS.items() if what in figures.rivals
    }


def _workers(figures: Figures) -> str:
    """Seconds of each stage without Celery and through each number of workers."""
    middle = figures.middle
    header = ("stage", "inline, s", *(f"{in_words(count)}, s" for count in figures.workers))
    rows = []
    for stage in STAGES:
        inline = middle.stages[stage].seconds
        cells = [
            f"{size.stages[stage].seconds:,.1f} ({inline / size.stages[stage].seconds:.2f} ×)"
            if stage in size.stages
            else "–"
            for size in figures.workers.values()
        ]
        rows.append((stage, f"{inline:,.1f}", *cells))
    return table(header, rows)
