"""A typed, frozen view of the LEGACY_* settings. Bad values are system checks (checks.py)."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ecoin.database import configured_on_sqlite
from legacy_import.choices import FocusMode
from legacy_import.errors import LegacyImportError

# How a command is started: from the folder of the checkout, without an activated environment.
MANAGE = ".venv/bin/python manage.py"
DRIVERS = ("mysql", "sqlite")
SSL_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
CHARSETS = ("utf8mb4", "utf8mb3", "utf8")  # that the guard reads as the server does
# Value of the key → its class, imported when it is used: Celery is loaded only if it is wanted.
ENGINES = {
    "inline": "legacy_import.engine.engines.Inline",
    "celery": "legacy_import.engine.celery_engine.Workers",
}
TIME_ZONE = re.compile(r"[+-](?:0\d|1[0-2]):[0-5]\d|\+13:00", re.ASCII)  # that every server accepts
BROKERS = ("redis://", "rediss://", "redis+socket://")
BOOLEANS = {"true": True, "1": True, "yes": True, "on": True,
            "false": False, "0": False, "no": False, "off": False, "": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportConf:
    """The settings of the services. Counts are rows or names, the rate is a share of rows."""

    connection: str
    focus_mode: FocusMode
    placeholder_emails: frozenset[str]
    role_mailboxes: frozenset[str]
    hot_key_rows: int
    hot_key_names: int
    max_failure_rate: float
    retention_days: int
    engine: str


def import_conf() -> ImportConf:
    """The settings as typed values. Raises LegacyImportError for an invalid one."""
    invalid = problems()
    if invalid:
        key, accepts = invalid[0]
        raise LegacyImportError(f"{key} has a value that cannot be used.", hint=f"{key} {accepts}")
    return ImportConf(
        connection=settings.LEGACY_IMPORT_CONNECTION,
        focus_mode=FocusMode(settings.LEGACY_IMPORT_FOCUS_MODE_DEFAULT),
        placeholder_emails=_lower_case(settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS),
        role_mailboxes=_lower_case(settings.LEGACY_IMPORT_ROLE_MAILBOXES),
        hot_key_rows=int(settings.LEGACY_IMPORT_HOT_KEY_ROWS),
        hot_key_names=int(settings.LEGACY_IMPORT_HOT_KEY_NAMES),
        max_failure_rate=float(settings.LEGACY_IMPORT_MAX_FAILURE_RATE),
        retention_days=int(settings.LEGACY_IMPORT_RETENTION_DAYS),
        engine=settings.LEGACY_IMPORT_ENGINE,
    )


def database_name() -> str:
    """The name of the app database; of a SQLite file without its folder."""
    name = str(settings.DATABASES["default"]["NAME"])
    return Path(name).name if configured_on_sqlite() else name


def problems() -> list[tuple[str, str]]:
    """(environment key, what it accepts) of every setting whose value cannot be used."""
    return [(key, accepts) for key, accepts, fits in _RULES if not fits(getattr(settings, key, ""))]


def _lower_case(values: list[str]) -> frozenset[str]:
    return frozenset(value.strip().lower() for value in values if value.strip())


def _one_of(*accepted: str) -> Any:
    return lambda value: value in accepted


def _whole(minimum: int) -> Any:
    return lambda value: str(value).isascii() and str(value).isdigit() and int(value) >= minimum


def _is_address(value: str) -> bool:
    try:
        validate_email(value.strip())
    except ValidationError:
        return False
    return True


def _share(value: Any) -> bool:
    try:
        return 0 < float(value) <= 1
    except ValueError:
        return False


_RULES = [
    ("LEGACY_DB_DRIVER", f"must be one of: {', '.join(DRIVERS)}.", _one_of(*DRIVERS)),
    ("LEGACY_DB_SSL_MODE", f"must be one of: {', '.join(SSL_MODES)}.", _one_of(*SSL_MODES)),
    ("LEGACY_DB_CHARSET", f"must be one of: {', '.join(CHARSETS)}.", _one_of(*CHARSETS)),
    ("LEGACY_DB_STRICT", "must be true or false.",
     lambda value: str(value).strip().lower() in BOOLEANS),
    ("LEGACY_DB_READ_TIMEOUT", "must be a whole number of seconds, 1 or more.", _whole(1)),
    ("LEGACY_IMPORT_CONNECTION", "must be the name of an alias in DATABASES.",
     lambda value: value in settings.DATABASES),
    ("LEGACY_IMPORT_FOCUS_MODE_DEFAULT", f"must be one of: {', '.join(FocusMode.values)}.",
     _one_of(*FocusMode.values)),
    ("LEGACY_IMPORT_HOT_KEY_ROWS", "must be a whole number of rows, 2 or more.", _whole(2)),
    ("LEGACY_IMPORT_HOT_KEY_NAMES", "must be a whole number of names, 1 or more.", _whole(1)),
    ("LEGACY_IMPORT_MAX_FAILURE_RATE", "must be a share above 0 and up to 1, such as 0.05.", _share),
    ("LEGACY_IMPORT_ENGINE", f"must be one of: {', '.join(ENGINES)}.", _one_of(*ENGINES)),
    ("LEGACY_IMPORT_RETENTION_DAYS", "must be a whole number of days, 1 or more.", _whole(1)),
    ("LEGACY_DB_PORT", "must be a port number from 1 to 65535, or empty.",
     lambda value: value == "" or (_whole(1)(value) and int(value) <= 65_535)),
    ("DATABASE_TIMEOUT", "must be a whole number of seconds, 1 or more.", _whole(1)),
    ("DATABASE_SSL_MODE", f"must be one of: {', '.join(SSL_MODES)}.", _one_of("", *SSL_MODES)),
    ("DATABASE_SSL_CA", "must be the path of a certificate authority's file, or empty.",
     lambda value: value == "" or Path(value).is_file()),
    ("LEGACY_DB_TIME_ZONE", "must be an offset from UTC between -12:59 and +13:00, such as +01:00.",
     lambda value: TIME_ZONE.fullmatch(str(value))),
    ("LEGACY_IMPORT_NOTIFY", "must be mail addresses, separated by commas, or empty.",
     lambda value: all(map(_is_address, value))),
    ("EMAIL_PORT", "must be a port number from 1 to 65535.",
     lambda value: _whole(1)(value) and int(value) <= 65_535),
    ("EMAIL_USE_TLS", "must be true or false.", lambda value: isinstance(value, bool)),
    ("EMAIL_USE_SSL", "must be true or false, and not true together with EMAIL_USE_TLS.",
     lambda value: isinstance(value, bool) and not (value and settings.EMAIL_USE_TLS is True)),
    ("DEFAULT_FROM_EMAIL", "must be a mail address, such as ecoin@school.example.",
     lambda value: _is_address(parseaddr(value)[1])),
]  # fmt: skip
