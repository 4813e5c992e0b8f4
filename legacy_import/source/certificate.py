"""What a run read and under which guarantees; stored with the run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from legacy_import.source.columns import Measures
from legacy_import.source.engine import ServerFacts, SnapshotFacts
from legacy_import.source.grants import Grant, limited_tables, wider_than_needed
from legacy_import.source.schema import TableMap


@dataclass(frozen=True, slots=True)
class Certificate:
    """Properties of one opened source. Lengths in bytes; no password, hash or personal value.

    `snapshot`: per table, whether its reads follow the snapshot. `account_read_only` is None for
    SQLite, which has no accounts; `read_only_verified` is what the session itself reports. `identity`:
    of server and database, at any address; "" for a file.
    """

    label: str
    identity: str
    server: str
    version: str
    database: str
    account: str
    account_read_only: bool | None
    privileges: tuple[dict[str, Any], ...]
    wider_than_needed: tuple[str, ...]
    engines: dict[str, str]
    snapshot: dict[str, bool]
    snapshots: int
    isolation: str
    read_only_verified: bool
    tls: dict[str, str]
    time_zone: str
    row_counts: dict[str, int]
    deleted_rows: dict[str, int]
    columns: dict[str, dict[str, str]]
    absent_columns: dict[str, list[str]]
    unmatched_columns: dict[str, list[str]]
    likely_columns: dict[str, dict[str, str]]
    oversized_values: dict[str, dict[str, int]]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The certificate as JSON-ready values."""
        values = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value
                for key, value in values.items()}  # fmt: skip


def certify(
    server: ServerFacts,
    grants: tuple[Grant, ...] | None,
    write_rights: list[str],
    snapshot: SnapshotFacts,
    tables: Mapping[str, TableMap],
    counts: Mapping[str, int],
    deleted: Mapping[str, int],
    measures: Mapping[str, Measures],
) -> Certificate:
    """Build the certificate. `grants` is None for a database without accounts.

    `write_rights`: what the account may do besides reading.
    """
    names = [table.db_table.name for table in tables.values()]
    wider = wider_than_needed(grants or (), server.database, names)
    limits = limited_tables(grants or (), server.database, names)
    tls_state = "encrypted" if server.tls_cipher else "plain" if server.account else "local"
    return Certificate(
        label=server.label,
        identity=server.identity,
        server=server.server,
        version=server.version,
        database=server.database,
        account=server.account,
        account_read_only=None if grants is None else not write_rights,
        privileges=tuple(grant.as_dict() for grant in grants or ()),
        wider_than_needed=tuple(wider),
        engines={name: table.db_table.engine for name, table in tables.items()},
        snapshot={name: table.db_table.transactional for name, table in tables.items()},
        snapshots=1,
        isolation=snapshot.isolation,
        read_only_verified=snapshot.read_only,
        tls={"state": tls_state, "cipher": server.tls_cipher, "mode": server.tls_mode},
        time_zone=server.time_zone,
        row_counts=dict(counts),
        deleted_rows={name: rows for name, rows in deleted.items() if rows},
        columns={
            name: {field: column.name for field, column in table.fields.items()}
            for name, table in tables.items()
        },
        absent_columns={name: list(table.absent) for name, table in tables.items()},
        unmatched_columns={name: list(table.unmatched) for name, table in tables.items()},
        likely_columns={name: table.likely for name, table in tables.items() if table.likely},
        oversized_values={name: dict(sizes.oversized) for name, sizes in measures.items()},
        notes=(*_notes(tables, deleted, measures, wider), *limits),
    )


def _notes(
    tables: Mapping[str, TableMap],
    deleted: Mapping[str, int],
    measures: Mapping[str, Measures],
    wider: list[str],
) -> tuple[str, ...]:
    notes = [note for table in tables.values() for note in table.notes]
    for name, table in tables.items():
        if not table.db_table.transactional:
            notes.append(
                f"{name} is kept by {table.db_table.engine}, which has no snapshot: rows changed while"
                " the import reads may be seen half"
            )
        if deleted.get(name):
            marks = ", ".join(column.name for column in table.deletions)
            notes.append(
                f"{name}: {deleted[name]} rows are deleted on the old platform"
                f" ({marks}); they are staged, and what depends on them"
                " needs review"
            )
        if table.db_table.unreadable:
            columns = ", ".join(table.db_table.unreadable)
            notes.append(f"{name}: the account may not read {columns}; nothing of it is imported")
        for column, rows in measures[name].oversized.items():
            notes.append(f"{name}.{column}: {rows} values over 1 MB are kept cut")
    if wider:
        notes.append("the account may read more than the four tables")
    return tuple(notes)
