"""The certificate of a run in words: what was verified about the source before a row was read."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# One property of the source: its name, its values (codes and names) and their meaning in words.
Line = tuple[str | Promise, tuple[str, ...], str]
PER_TABLE = (
    ("absent_columns", gettext_lazy("Columns that the source does not have")),
    ("unmatched_columns", gettext_lazy("Columns kept in the payload only")),
    ("oversized_values", gettext_lazy("Values over 1 MB, kept cut")),
)


def certificate_of(certificate: Mapping[str, Any]) -> dict[str, Any]:
    """The stored certificate as lines, without those for which it has no value. Never a password.

    `verified` is None where the run has no certificate yet.
    """
    if "read_only_verified" not in certificate:
        return {"verified": None}
    return {
        "verified": bool(certificate["read_only_verified"]),
        "lines": [line for line in _lines(certificate) if line[1] or line[2]],
        "notes": certificate.get("notes", ()),  # in English, as the import stored them
    }


def _lines(certificate: Mapping[str, Any]) -> Iterator[Line]:
    server = f"{certificate.get('server', '')} {certificate.get('version', '')}".strip()
    yield _("Source"), _texts(certificate.get("source") or certificate.get("label")), ""
    yield _("Server"), _texts(server), ""
    yield _("Database"), _texts(certificate.get("database")), ""
    yield _account(certificate)
    yield _("Privileges"), tuple(_grant(one) for one in certificate.get("privileges", ())), ""
    yield _("Wider than needed"), tuple(map(str, certificate.get("wider_than_needed", ()))), ""
    yield _snapshot(certificate)
    yield _link(certificate.get("tls", {}))
    yield _("Time zone"), _texts(certificate.get("time_zone")), ""
    counts = certificate.get("row_counts", {})
    yield _("Rows"), tuple(f"{table}: {rows:,}" for table, rows in counts.items()), ""
    deleted = certificate.get("deleted_rows", {})
    of_tables = tuple(f"{table}: {rows:,}" for table, rows in deleted.items())
    yield _("Rows deleted on the old platform"), of_tables, ""
    erased = certificate.get("erased_rows")
    yield _("Rows of people erased on request"), _texts(erased), ""
    yield _("Columns under another name"), tuple(_renamed(certificate.get("columns", {}))), ""
    for key, name in PER_TABLE:
        yield name, tuple(_per_table(certificate.get(key, {}))), ""


def _texts(value: Any) -> tuple[str, ...]:
    return (str(value),) if value else ()


def _account(certificate: Mapping[str, Any]) -> Line:
    account = certificate.get("account", "")
    if not account:
        return _("Account"), (), _("none: the source is a file")
    only_reads = certificate.get("account_read_only")
    meaning = _("can only read") if only_reads else _("can write (an operator allowed it)")
    return _("Account"), _texts(account), meaning


def _grant(one: Mapping[str, Any]) -> str:
    columns = f" ({', '.join(one.get('columns', ()))})" if one.get("columns") else ""
    return f"{', '.join(one.get('privileges', ()))}{columns} · {one.get('scope', '')}"


def _snapshot(certificate: Mapping[str, Any]) -> Line:
    snapshot = certificate.get("snapshot", {})
    without = [table for table, complete in snapshot.items() if not complete]
    number = certificate.get("snapshots", 1)
    meaning = _("Snapshots: %(number)d") % {"number": number}
    if without:
        meaning = _("%(meaning)s. Without one: %(tables)s") % {
            "meaning": meaning, "tables": ", ".join(without),
        }  # fmt: skip
    return _("Snapshot"), _texts(certificate.get("isolation")), meaning


def _link(tls: Mapping[str, str]) -> Line:
    meanings = {
        "local": _("local file"),
        "plain": _("not encrypted"),
        "encrypted": _("encrypted"),
    }
    state = tls.get("state", "")
    return _("Connection"), _texts(tls.get("cipher")), meanings.get(state, state)


def _renamed(tables: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for table, columns in tables.items():
        other = [f"{field} = {column}" for field, column in columns.items() if field != column]
        if other:
            yield f"{table}: {', '.join(other)}"


def _per_table(tables: Mapping[str, Any]) -> Iterator[str]:
    for table, columns in tables.items():
        if columns:
            if isinstance(columns, dict):
                columns = [f"{column} {number:,}" for column, number in columns.items()]
            yield f"{table}: {', '.join(columns)}"
