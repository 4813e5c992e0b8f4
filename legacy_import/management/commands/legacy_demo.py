"""legacy_demo: build the fictional legacy database, as a SQLite file or as a MySQL dump."""

import sqlite3
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import LegacyWorld, generate
from legacy_import.demo.platform import seed_platform
from legacy_import.demo.sqlite_writer import write_sqlite
from legacy_import.errors import LegacyImportError
from legacy_import.management.base import LegacyCommand, positive
from legacy_import.management.printer import CommandResult, Summary, Table


class Command(LegacyCommand):
    help = "Build the fictional legacy database: people who never lived, with every kind of dirt."
    permission = ""
    notifies = False
    run_argument = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--rows",
            type=positive,
            default=2_500,
            metavar="N",
            help="how many learners (default: %(default)s)",
        )
        parser.add_argument(
            "--seed",
            type=int,
            default=2024,
            metavar="N",
            help="another seed, other people (default: %(default)s)",
        )
        parser.add_argument(
            "--sqlite",
            type=Path,
            metavar="FILE",
            help="where to write; default: the legacy alias's own file",
        )
        parser.add_argument(
            "--mysql-dump",
            type=Path,
            metavar="FILE",
            help="write a dump for MySQL or MariaDB instead of a SQLite file",
        )
        parser.add_argument("--with-platform", action="store_true",
                            help="also give this platform the courses, users and leads that the "
                            "fictional school already knows (only with DEBUG=true)")  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        world = _world(options["rows"], options["seed"])
        if options["with_platform"] and not settings.DEBUG:
            raise LegacyImportError(
                "--with-platform would put fictional people into a production database.",
                hint="Use it where DEBUG=true, on a database made for rehearsal.",
                exit_code=3,
            )
        dump = options["mysql_dump"]
        path = dump or options["sqlite"] or _legacy_file()
        try:
            if dump:
                with dump.open("wb") as stream:
                    tables = write_dump(world, stream)
            else:
                tables = write_sqlite(world, path)
        except FileExistsError as error:
            raise LegacyImportError(
                f"{path} is not a fictional database of this command, so it is not replaced.",
                hint="Give another file with --sqlite FILE, or move that one away.",
                exit_code=3,
            ) from error
        except (OSError, sqlite3.Error):
            raise LegacyImportError(
                f"The file {path} could not be written.",
                hint="Check that its folder exists, may be written, and has space left.",
            ) from None
        people = seed_platform(world) if options["with_platform"] else {}
        return demo_result(path, tables, people, dump=bool(dump))


def _world(rows: int, seed: int) -> LegacyWorld:
    try:
        return generate(rows=rows, seed=seed)
    except ValueError as error:
        raise LegacyImportError(
            f"--{error}", hint="Give another number of --rows.", exit_code=2
        ) from None


def _legacy_file() -> Path:
    """The file of the legacy alias. Raises LegacyImportError where the alias is a server."""
    alias = connections.databases["legacy"]
    if alias["ENGINE"] != "legacy_import.source.sqlite":
        raise LegacyImportError(
            "The legacy alias is a server, and servers are never written.",
            hint="Give --sqlite FILE or --mysql-dump FILE, or set LEGACY_DB_DRIVER=sqlite.",
            exit_code=2,
        )
    return Path(alias["NAME"])


# --- What it prints ---------------------------------------------------------------------------------


def demo_result(
    path: Path, tables: Mapping[str, int], platform: Mapping[str, int], *, dump: bool
) -> CommandResult:
    """Table → rows of the fictional database, and of the platform with --with-platform."""
    blocks = (
        Table("Fictional legacy database", ("table", "rows"), tables.items()),
        Table("Already on the platform", ("table", "rows"), platform.items()),
        Summary(f"Done. Wrote {path}"),
    )
    counts = {"tables": dict(tables), "platform": dict(platform)}
    load = f"load {path} into an empty database (docs/first-migration.md)" if dump else ""
    return CommandResult(
        None, str(path), counts, blocks, next_command="legacy_import --check", next_page=load
    )
