"""Refuse every statement that is not clearly a read, unknown statements included.

Both guarded backends call `refuse_unless_read` for every statement of every cursor, immediately before
it is sent. The rules are tables; anything that is in none of them is refused.
"""

from legacy_import.errors import SafetyRefusal
from legacy_import.source.sql_tokens import SqlToken, TokenKind, Unreadable, tokens


class NotARead(SafetyRefusal):
    """A statement for the legacy database was not clearly a read. It was not sent."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"A statement for the legacy database was refused before it was sent: {why}.",
            hint="The legacy database is only ever read; use SELECT or SHOW.",
        )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that make a statement more than a read, anywhere outside quotes.
FORBIDDEN_WORDS = (
    # They write, or they change the session or the server.
    _words("INSERT UPDATE DELETE MERGE UPSERT CREATE ALTER DROP TRUNCATE RENAME GRANT REVOKE SET")
    | _words("CALL DO EXECUTE PREPARE DEALLOCATE HANDLER LOAD IMPORT ANALYZE OPTIMIZE REPAIR")
    | _words("FLUSH RESET PURGE KILL SHUTDOWN INSTALL UNINSTALL BEGIN COMMIT ROLLBACK SAVEPOINT")
    | _words("XA ATTACH DETACH VACUUM REINDEX LOAD_FILE LOAD_EXTENSION")
    | _words("INTO")  # INTO OUTFILE, INTO DUMPFILE, INTO @variable
    | _words("LOCK UNLOCK SHARE LOCKED NOWAIT")  # LOCK IN SHARE MODE, FOR SHARE …
    | _words("PROCEDURE")  # SELECT … PROCEDURE ANALYSE
    | _words("NEXT NEXTVAL SETVAL LASTVAL PREVIOUS")  # MariaDB sequences: reading one writes
)

# Keywords that may precede a bracket without being a function.
BRACKET_KEYWORDS = _words(
    """
    SELECT FROM WHERE AND OR XOR NOT IN EXISTS AS ON USING JOIN UNION ALL LIKE REGEXP RLIKE BETWEEN
    IS CASE WHEN THEN ELSE BY HAVING LIMIT DISTINCT INTERVAL INDEX KEY VALUES DIV MOD BINARY COLLATE
    """
)

# Functions without any effect that every MySQL and MariaDB has built in since 5.5. A stored function
# may write (its definer's rights), so an unknown name before a bracket is refused; so is a known one
# with a blank before the bracket, which MySQL reads as a stored function of that name. MD5, SHA and SHA1
# are missing: from MySQL 9 on, a stored function of that name is called in their place.
FUNCTIONS = _words(
    """
    COUNT SUM MIN MAX AVG GROUP_CONCAT STD STDDEV VARIANCE BIT_AND BIT_OR BIT_XOR
    COALESCE IFNULL NULLIF IF GREATEST LEAST ISNULL CAST CONVERT
    CHAR VARCHAR NCHAR DECIMAL NUMERIC SIGNED UNSIGNED DATETIME
    LENGTH CHAR_LENGTH CHARACTER_LENGTH OCTET_LENGTH BIT_LENGTH SUBSTRING SUBSTR MID LEFT RIGHT
    CONCAT CONCAT_WS LOWER LCASE UPPER UCASE TRIM LTRIM RTRIM REPLACE REVERSE LPAD RPAD REPEAT SPACE
    INSTR LOCATE POSITION STRCMP FIELD FIND_IN_SET ASCII ORD HEX UNHEX QUOTE CHARSET COLLATION
    FORMAT SHA2 CRC32
    ABS CEIL CEILING FLOOR ROUND SIGN SQRT POW POWER EXP LN LOG LOG2 LOG10 CONV
    DATE TIME TIMESTAMP YEAR QUARTER MONTH WEEK DAY DAYOFMONTH DAYOFWEEK DAYOFYEAR HOUR MINUTE
    SECOND MICROSECOND WEEKDAY LAST_DAY NOW CURDATE CURTIME CURRENT_DATE CURRENT_TIMESTAMP
    UTC_TIMESTAMP UNIX_TIMESTAMP FROM_UNIXTIME DATE_FORMAT STR_TO_DATE DATEDIFF TIMESTAMPDIFF
    TIMESTAMPADD DATE_ADD DATE_SUB ADDDATE SUBDATE EXTRACT MAKEDATE TO_DAYS FROM_DAYS CONVERT_TZ
    DATABASE SCHEMA VERSION USER CURRENT_USER SESSION_USER CONNECTION_ID
    """
)
# SQLite has no stored functions; these are built in, or registered by Django or by this package.
SQLITE_FUNCTIONS = FUNCTIONS | _words(
    """
    IIF TOTAL TYPEOF UNICODE PRINTF SHA256 BLOB_SHA256 STRFTIME JULIANDAY SQLITE_VERSION
    SQLITE_COMPILEOPTION_USED
    JSON_VALID JSON_EXTRACT JSON_TYPE ROW_NUMBER RANK DENSE_RANK LAG LEAD OVER FILTER
    DJANGO_DATE_EXTRACT DJANGO_DATETIME_EXTRACT DJANGO_DATE_TRUNC DJANGO_DATETIME_TRUNC
    DJANGO_DATETIME_CAST_DATE DJANGO_DATETIME_CAST_TIME DJANGO_TIME_EXTRACT DJANGO_TIME_TRUNC
    """
)

# What may follow SHOW.
SHOW_SUBJECTS = _words(
    """
    VARIABLES STATUS SESSION GLOBAL TABLES TABLE FULL COLUMNS FIELDS INDEX INDEXES KEYS GRANTS
    DATABASES SCHEMAS WARNINGS ERRORS ENGINES CHARACTER COLLATION
    """
)

# Pragmas that report and change nothing. Only `name` and `name(argument)`; `=` is refused below.
READ_PRAGMAS = _words(
    """
    TABLE_INFO TABLE_XINFO TABLE_LIST INDEX_LIST INDEX_INFO INDEX_XINFO FOREIGN_KEY_LIST
    DATABASE_LIST ENCODING
    """
)
# These would change something if they were given an argument.
BARE_PRAGMAS = _words("QUERY_ONLY USER_VERSION SCHEMA_VERSION PAGE_COUNT")


def refuse_unless_read(sql: str, dialect: str) -> None:
    """Return if `sql` is one statement that clearly only reads; raise NotARead otherwise.

    `dialect` is mysql or sqlite. The message lists keywords; the statement may contain values.
    """
    try:
        parts = list(tokens(sql, dialect))
    except Unreadable as error:
        raise NotARead(str(error)) from None
    if parts and parts[-1].text == ";" and parts[-1].kind is TokenKind.SYMBOL:
        parts.pop()
    if not parts:
        raise NotARead("it is empty")
    if any(part.kind is TokenKind.SYMBOL and part.text == ";" for part in parts):
        raise NotARead("it contains more than one statement")
    _require_read(parts, dialect)


def _require_read(parts: list[SqlToken], dialect: str) -> None:
    first = next((part for part in parts if part.text != "("), parts[0])
    opening = first.text if first.kind is TokenKind.WORD else "an unknown word"
    if opening in ("SELECT", "WITH"):
        _refuse_effects(parts, dialect)
    elif dialect == "mysql" and opening == "SHOW" and parts[0] is first:
        _require_read_show(parts)
    elif dialect == "mysql" and opening in ("DESCRIBE", "DESC") and parts[0] is first:
        _require_read_describe(parts)
    elif opening == "EXPLAIN" and parts[0] is first:
        _require_read_explain(parts, dialect)
    elif dialect == "sqlite" and opening == "PRAGMA" and parts[0] is first:
        _require_read_pragma(parts)
    else:
        raise NotARead(f"it starts with {opening[:30] if opening.isascii() else 'an unknown word'}")


def _refuse_effects(parts: list[SqlToken], dialect: str) -> None:
    """A SELECT may still write, lock or call: refuse forbidden words and unknown functions."""
    harmless = FUNCTIONS if dialect == "mysql" else SQLITE_FUNCTIONS
    for index, part in enumerate(parts):
        next_part = parts[index + 1] if index + 1 < len(parts) else None
        is_call = (
            next_part is not None and next_part.kind is TokenKind.SYMBOL and next_part.text == "("
        )
        is_qualified = _follows_a_dot(parts, index)
        if part.kind is TokenKind.QUOTED_NAME and is_call:
            raise NotARead("it calls a function by a quoted name")
        if part.kind is not TokenKind.WORD:
            continue
        if is_qualified:
            if is_call:
                raise NotARead("it calls a stored function")
            continue
        if part.text in FORBIDDEN_WORDS:
            raise NotARead(f"it contains {part.text}")
        if next_part is None or not is_call or part.text in BRACKET_KEYWORDS:
            continue
        if part.text not in harmless or (next_part.spaced and dialect == "mysql"):
            raise NotARead("it calls a function that is not known to be harmless")


def _follows_a_dot(parts: list[SqlToken], index: int) -> bool:
    """`t.update`: directly after the dot of a name, a keyword is a name too."""
    if index < 2 or parts[index].spaced:
        return False
    owner, dot = parts[index - 2], parts[index - 1]
    is_name = owner.kind in (TokenKind.WORD, TokenKind.QUOTED_NAME)
    return is_name and dot.kind is TokenKind.SYMBOL and dot.text == "."


def _require_read_show(parts: list[SqlToken]) -> None:
    subject = parts[1].text if len(parts) > 1 and parts[1].kind is TokenKind.WORD else ""
    if subject == "CREATE":
        if len(parts) > 2 and parts[2].text in ("TABLE", "VIEW"):
            _refuse_effects(parts[3:], "mysql")
            return
    elif subject in SHOW_SUBJECTS:
        _refuse_effects(parts[1:], "mysql")
        return
    raise NotARead("it is a SHOW of an unknown kind")


def _require_read_describe(parts: list[SqlToken]) -> None:
    """DESCRIBE table [column]; MySQL also reads it as EXPLAIN, which this does not need."""
    plain = (TokenKind.WORD, TokenKind.QUOTED_NAME, TokenKind.STRING)
    if len(parts) > 5 or not all(part.kind in plain or part.text == "." for part in parts[1:]):
        raise NotARead("it is a DESCRIBE of an unknown kind")
    _refuse_effects(parts[1:], "mysql")


def _require_read_explain(parts: list[SqlToken], dialect: str) -> None:
    """EXPLAIN [QUERY PLAN | EXTENDED | FORMAT = …] SELECT …; never ANALYZE, which runs it."""
    skippable = {"QUERY", "PLAN", "EXTENDED", "PARTITIONS", "FORMAT", "=", "JSON", "TREE"}
    skippable.add("TRADITIONAL")
    rest = parts[1:]
    while rest and rest[0].text in skippable:
        rest = rest[1:]
    if not rest or rest[0].text not in ("SELECT", "WITH", "("):
        raise NotARead("it explains something other than a SELECT")
    _refuse_effects(rest, dialect)


def _require_read_pragma(parts: list[SqlToken]) -> None:
    name = parts[1].text if len(parts) > 1 and parts[1].kind is TokenKind.WORD else ""
    is_bare = len(parts) == 2
    has_argument = len(parts) == 5 and parts[2].text == "(" and parts[4].text == ")"
    if (name in READ_PRAGMAS and (is_bare or has_argument)) or (name in BARE_PRAGMAS and is_bare):
        return
    raise NotARead("it is a PRAGMA that is not known to only report")
