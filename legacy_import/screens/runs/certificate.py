"""The certificate of a run in words: what was proved about the source before a row was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, what was found (codes and names, not words), and what it means in words."""

    name: str | Promise
    found: tuple[str, ...]
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class CertificateSection:
    """`verified` is None where the run has no certificate yet. Never a password."""

    verified: bool | None
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()  # in English, as the import wrote them down


PER_TABLE = (
    ("absent_columns", gettext_lazy("Columns that the source does not have")),
    ("unmatched_columns", gettext_lazy("Columns kept in the payload only")),
    ("oversized_values", gettext_lazy("Values over 1 MB, kept cut")),
)


def certificate_of(stored: Mapping[str, Any]) -> CertificateSection:
    """The stored certificate, ready to be shown; what it does not hold is left out."""
    if "read_only_verified" not in stored:
        return CertificateSection(None)
    return CertificateSection(
        bool(stored["read_only_verified"]),
        tuple(fact for fact in _facts(stored) if fact.found or fact.meaning),
        tuple(str(note) for note in stored.get("notes", ())),
    )


def _facts(stored: Mapping[str, Any]) -> Iterator[Fact]:
    server = f"{stored.get('server', '')} {stored.get('version', '')}".strip()
    yield Fact(_("Source"), _texts(stored.get("source") or stored.get("label")))
    yield Fact(_("Server"), _texts(server))
    yield Fact(_("Database"), _texts(stored.get("database")))
    yield _account(stored)
    yield Fact(_("Privileges"), tuple(_grant(one) for one in stored.get("privileges", ())))
    yield Fact(_("Wider than needed"), tuple(map(str, stored.get("wider_than_needed", ()))))
    yield _snapshot(stored)
    yield _link(stored.get("tls", {}))
    yield Fact(_("Time zone"), _texts(stored.get("time_zone")))
    counts = stored.get("row_counts", {})
    yield Fact(_("Rows"), tuple(f"{table}: {rows:,}" for table, rows in counts.items()))
    yield Fact(_("Columns under another name"), tuple(_renamed(stored.get("columns", {}))))
    for key, name in PER_TABLE:
        yield Fact(name, tuple(_per_table(stored.get(key, {}))))


def _texts(value: Any) -> tuple[str, ...]:
    return (str(value),) if value else ()


def _account(stored: Mapping[str, Any]) -> Fact:
    account = stored.get("account", "")
    if not account:
        return Fact(_("Account"), (), _("none: the source is a file"))
    only_reads = stored.get("account_read_only")
    meaning = _("can only read") if only_reads else _("can write (an operator allowed it)")
    return Fact(_("Account"), _texts(account), meaning)


def _grant(one: Mapping[str, Any]) -> str:
    columns = f" ({', '.join(one.get('columns', ()))})" if one.get("columns") else ""
    return f"{', '.join(one.get('privileges', ()))}{columns} · {one.get('scope', '')}"


def _snapshot(stored: Mapping[str, Any]) -> Fact:
    without = [table for table, kept in stored.get("snapshot", {}).items() if not kept]
    number = stored.get("snapshots", 1)
    meaning = _("Snapshots: %(number)d") % {"number": number}
    if without:
        meaning = _("%(meaning)s. Without one: %(tables)s") % {
            "meaning": meaning, "tables": ", ".join(without),
        }  # fmt: skip
    return Fact(_("Snapshot"), _texts(stored.get("isolation")), meaning)


def _link(tls: Mapping[str, str]) -> Fact:
    meanings = {
        "local": _("local file"),
        "plain": _("not encrypted"),
        "encrypted": _("encrypted"),
    }
    state = tls.get("state", "")
    return Fact(_("Connection"), _texts(tls.get("cipher")), meanings.get(state, state))


def _renamed(tables: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for table, columns in tables.items():
        other = [f"{field} = {column}" for field, column in columns.items() if field != column]
        if other:
            yield f"{table}: {', '.join(other)}"


def _per_table(tables: Mapping[str, Any]) -> Iterator[str]:
    for table, found in tables.items():
        if found:
            words = [f"{k} {v:,}" for k, v in found.items()] if isinstance(found, dict) else found
            yield f"{table}: {', '.join(words)}"
