"""Parse SHOW GRANTS of MySQL and MariaDB with an allow-list: may this account do more than read?

The lines contain password hashes, so a line that cannot be parsed is refused and never quoted.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from legacy_import.errors import SafetyRefusal

# Everything else, roles and GRANT OPTION included, means the account may do more than read.
HARMLESS = {
    "USAGE": "no privilege at all",
    "SELECT": "reads",
    "SHOW VIEW": "shows the definition of a view",
    "SHOW DATABASES": "lists names of databases",
}

# Words that may follow `TO account` without giving a privilege; strings may appear between them.
HARMLESS_TAIL = frozenset(
    word
    for words in (
        "IDENTIFIED BY PASSWORD WITH VIA USING AS OR",  # how the account logs in
        "MYSQL_NATIVE_PASSWORD MYSQL_OLD_PASSWORD CACHING_SHA2_PASSWORD SHA256_PASSWORD ED25519",
        "UNIX_SOCKET AUTH_SOCKET PAM GSSAPI PARSEC INVALID",  # plug-ins for that
        "REQUIRE NONE SSL TLS X509 CIPHER ISSUER SUBJECT AND",  # how the link must be secured
        "MAX_QUERIES_PER_HOUR MAX_UPDATES_PER_HOUR MAX_CONNECTIONS_PER_HOUR",  # limits
        "MAX_USER_CONNECTIONS MAX_STATEMENT_TIME",
        "ACCOUNT UNLOCK EXPIRE NEVER DEFAULT INTERVAL DAY",  # when the password expires
    )
    for word in words.split()
)

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")"
    r"|(?P<word>[0-9A-Za-z_$.]+)|(?P<symbol>[*,().@%-]))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One parsed line. `scope` is like `ecoin.*`; `columns` the columns of a column privilege."""

    privileges: tuple[str, ...]
    scope: str
    columns: tuple[str, ...] = ()
    grant_option: bool = False
    is_understood: bool = True

    @property
    def harmless(self) -> bool:
        """True only for a fully understood line that lets the account read and nothing else."""
        return (
            self.is_understood
            and not self.grant_option
            and all(privilege in HARMLESS for privilege in self.privileges)
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "privileges": list(self.privileges),
            "scope": self.scope,
            "columns": list(self.columns),
            "grant_option": self.grant_option,
        }


NOT_UNDERSTOOD = Grant(("a grant that could not be read",), "", is_understood=False)


class WritableAccount(SafetyRefusal):
    """The account may do more than read the legacy database. `rights` are what it may do, in words."""

    def __init__(self, rights: Iterable[str]) -> None:
        super().__init__(
            f"The legacy account may do more than read: {'; '.join(sorted(set(rights)))}.",
            hint="Give the import an account with SELECT on the four tables only"
            " (docs/first-migration.md), or give --allow-writable-source if that is impossible.",
        )


def parse_grants(lines: Iterable[str]) -> tuple[Grant, ...]:
    """One Grant per line of SHOW GRANTS. A line that does not fit becomes NOT_UNDERSTOOD."""
    return tuple(_parse(line) for line in lines)


def more_than_reads(grants: Sequence[Grant]) -> list[str]:
    """What the account may do besides reading, in words. Without any grant nothing is proven."""
    if not grants:
        return ["unknown: the server lists no grant"]
    return [_describe(grant) for grant in grants if not grant.harmless]


def wider_than_needed(grants: Iterable[Grant], database: str, tables: Iterable[str]) -> list[str]:
    """Grants beyond the four tables, in words: recorded, never refused."""
    needed = {f"{database}.{table}".lower() for table in tables}
    return [
        _describe(grant)
        for grant in grants
        if grant.privileges != ("USAGE",) and grant.scope.lower() not in needed
    ]


def limited_tables(grants: Sequence[Grant], database: str, tables: Iterable[str]) -> list[str]:
    """A sentence on every table of which the account may read only some columns.

    The server does not name the others.
    """
    readable: dict[str, list[str]] = {}
    whole = set()
    for grant in grants:
        if "SELECT" in grant.privileges:
            if grant.columns:
                readable.setdefault(grant.scope.lower(), []).extend(grant.columns)
            else:
                whole.add(grant.scope.lower())
    sentences = []
    for table in tables:
        scope = f"{database}.{table}".lower()
        if scope in readable and not whole & {scope, f"{database}.*".lower(), "*.*"}:
            columns = ", ".join(sorted(readable[scope]))
            sentences.append(f"Of {table} the account may read only the columns {columns}.")
    return sentences


def _describe(grant: Grant) -> str:
    words = ", ".join(grant.privileges)
    on = f" on {grant.scope}" if grant.scope else ""
    return f"{words}{on}{' with grant option' if grant.grant_option else ''}"


def _parse(line: str) -> Grant:
    parts = _tokens(line)
    if not parts or parts[0] != "GRANT":
        # SET DEFAULT ROLE, REVOKE (MySQL's partial revokes) and anything unknown.
        return Grant(("a role",), "", is_understood=False) if "ROLE" in parts else NOT_UNDERSTOOD
    if "ON" not in parts:
        return Grant(("a role",), "", is_understood=False) if "TO" in parts else NOT_UNDERSTOOD
    at_on = parts.index("ON")
    if "TO" not in parts[at_on:]:
        return NOT_UNDERSTOOD
    at_to = parts.index("TO", at_on)
    privileges, columns = _privileges(parts[1:at_on])
    scope = "".join(_plain(part) for part in parts[at_on + 1 : at_to])
    option, is_harmless = _tail(parts[at_to + 1 :])
    if not privileges or "." not in scope:  # ON PROCEDURE, ON FUNCTION, PROXY ON 'user'@'host'
        privileges = privileges or ("a privilege",)
        return Grant(privileges, scope, columns, option, is_understood=False)
    return Grant(privileges, scope, columns, option, is_understood=is_harmless)


def _tokens(line: str) -> list[str]:
    """Words in upper case, quoted parts with their quotes. Empty if anything does not fit."""
    parts, position, line = [], 0, line.strip()
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            return []
        word = match.group("word")
        parts.append(word.upper() if word else match.group().strip())
        position = match.end()
    return parts


def _privileges(parts: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`SELECT (a, b), SHOW VIEW` → (SELECT, SHOW VIEW), (a, b)."""
    names: list[str] = []
    columns: list[str] = []
    words: list[str] = []
    depth = 0
    for part in [*parts, ","]:
        if part in ("(", ")"):
            depth += 1 if part == "(" else -1
        elif depth:
            columns += [_plain(part)] if part != "," else []
        elif part == ",":
            names.append(" ".join(words))
            words = []
        else:
            words.append(part)
    return tuple(names), tuple(columns)


def _tail(parts: list[str]) -> tuple[bool, bool]:
    """The words after TO: (do they contain a grant option?, is every word known to be harmless?)."""
    account = 3 if len(parts) > 1 and parts[1] == "@" else 1
    rest = parts[account:]
    option = "OPTION" in rest
    words = [part for part in rest if part[0] not in "`'\"" and not part.replace(".", "").isdigit()]
    return option, all(word in HARMLESS_TAIL or word in ("GRANT", "OPTION") for word in words)


def _plain(part: str) -> str:
    """A name without its quotes and without the backslash MySQL puts before _ and %."""
    if part[:1] in "`'\"" and len(part) > 1:
        part = part[1:-1].replace("``", "`")
    return part.replace("\\_", "_").replace("\\%", "%")
