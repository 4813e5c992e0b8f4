"""What legacy_demo prints: the rows of each table and the path of the file."""

from collections.abc import Mapping
from pathlib import Path

from legacy_import.management.printer import CommandResult, Summary, Table


def demo_result(
    path: Path, tables: Mapping[str, int], platform: Mapping[str, int]
) -> CommandResult:
    """Table → rows of the fictional database, and of the platform with --with-platform."""
    blocks = (
        Table("Fictional legacy database", ("table", "rows"), tables.items()),
        Table("Already on the platform", ("table", "rows"), platform.items()),
        Summary(f"Done. Wrote {path}"),
    )
    counts = {"tables": dict(tables), "platform": dict(platform)}
    return CommandResult(None, str(path), counts, blocks, next_command="legacy_import --check")
