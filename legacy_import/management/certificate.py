"""The certificate of an import: what was verified about the source before a row was read."""

from collections.abc import Callable, Mapping
from typing import Any

from legacy_import.management.printer import Table
from legacy_import.management.terminal import number

NOTHING = "–"


def certificate_table(certificate: Mapping[str, Any]) -> Table:
    """A row per property of the source (legacy_import.source.certificate, as a dict)."""
    values = {
        "server": f"{certificate['server']} {certificate['version']}",
        "database": certificate["database"],
        "account": _account(certificate),
        "session": "read-only" if certificate["read_only_verified"] else "NOT read-only",
        "snapshot": _snapshot(certificate),
        "time zone": certificate["time_zone"] or NOTHING,
        "link": _link(certificate["tls"]),
        "rows": _per_table(certificate["row_counts"], number),
        "deleted rows": _per_table(certificate.get("deleted_rows", {}), number),
        "columns": _per_table(certificate["columns"], _renamed_columns),
        "absent": _per_table(certificate["absent_columns"], ", ".join),
        "kept in the payload": _per_table(certificate["unmatched_columns"], ", ".join),
        "notes": "; ".join(certificate["notes"]) or NOTHING,
    }
    return Table("Certificate", ("fact", "found"), list(values.items()))


def _account(certificate: Mapping[str, Any]) -> str:
    if not certificate["account"]:
        return "none: a file"
    read_only = certificate["account_read_only"]
    can = "can only read" if read_only else "CAN WRITE (allowed by the operator)"
    return f"{certificate['account']}: {can}"


def _snapshot(certificate: Mapping[str, Any]) -> str:
    without = [table for table, covered in certificate["snapshot"].items() if not covered]
    isolation = certificate["isolation"].replace("-", " ").lower()
    snapshot = f"{certificate['snapshots']} ({isolation})"
    return f"{snapshot}; none for {', '.join(without)}" if without else snapshot


def _link(tls: Mapping[str, str]) -> str:
    cipher = f" ({tls['cipher']})" if tls["cipher"] else ""
    return {"local": "local file", "plain": "not encrypted"}.get(
        tls["state"], f"{tls['state']}{cipher}"
    )


def _renamed_columns(columns: Mapping[str, str]) -> str:
    """`last_name = nom`: only fields whose column has another name."""
    renamed = [f"{field} = {column}" for field, column in columns.items() if field != column]
    return ", ".join(renamed)


def _per_table(values: Mapping[str, Any], text: Callable[[Any], str]) -> str:
    lines = [f"{table}: {text(value)}" for table, value in values.items() if text(value)]
    return "\n".join(lines) or NOTHING
