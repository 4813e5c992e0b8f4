"""How a run's certificate is printed: what was proved about the source before a row was read."""

from collections.abc import Mapping
from typing import Any

from legacy_import.management.terminal import Terminal, number

# The privileges that may stand in a certificate, as people write them.
NOTHING = "–"


def show_certificate(terminal: Terminal, found: Mapping[str, Any]) -> None:
    """Print the certificate of an import (legacy_import.source.certificate, as a dict)."""
    terminal.table(
        "Certificate",
        [
            ("server", f"{found['server']} {found['version']}"),
            ("database", found["database"]),
            ("account", _account(found)),
            ("session", "read-only" if found["read_only_verified"] else "NOT read-only"),
            ("snapshot", _snapshot(found)),
            ("link", _link(found["tls"])),
            ("rows", _per_table(found["row_counts"], number)),
            ("columns", _per_table(found["columns"], _columns)),
            ("absent", _per_table(found["absent_columns"], ", ".join)),
            ("kept in the payload", _per_table(found["unmatched_columns"], ", ".join)),
            ("notes", "; ".join(found["notes"]) or NOTHING),
        ],
        ("fact", "found"),
    )


def _account(found: Mapping[str, Any]) -> str:
    if not found["account"]:
        return "none: a file"
    can = "can only read" if found["account_read_only"] else "CAN WRITE (allowed by the operator)"
    return f"{found['account']}: {can}"


def _snapshot(found: Mapping[str, Any]) -> str:
    without = [table for table, kept in found["snapshot"].items() if not kept]
    taken = f"{found['snapshots']} ({found['isolation'].replace('-', ' ').lower()})"
    return f"{taken}; none for {', '.join(without)}" if without else taken


def _link(tls: Mapping[str, str]) -> str:
    cipher = f" ({tls['cipher']})" if tls["cipher"] else ""
    return {"local": "local file", "plain": "not encrypted"}.get(
        tls["state"], f"{tls['state']}{cipher}"
    )


def _columns(columns: Mapping[str, str]) -> str:
    """Only those whose name is not the field's own: `last_name = nom`."""
    renamed = [f"{field} = {column}" for field, column in columns.items() if field != column]
    return ", ".join(renamed)


def _per_table(values: Mapping[str, Any], shown: Any) -> str:
    told = [f"{table}: {shown(value)}" for table, value in values.items() if shown(value)]
    return "\n".join(told) or NOTHING
