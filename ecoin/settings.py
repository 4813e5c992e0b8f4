"""Settings of the platform: one file, every value from the environment (see .env.example).

Production is the default: without DEBUG=true there is no default SECRET_KEY and cookies travel over
HTTPS only. `manage.py check` names the key of every bad LEGACY_* value (legacy_import.checks).
"""

import datetime
import os
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
_env_file = BASE_DIR / env.str("ENV_FILE", default=".env")  # an absolute path stays what it is
if "ENV_FILE" in os.environ and not _env_file.exists():
    raise ImproperlyConfigured(f"ENV_FILE: there is no file {_env_file}")
environ.Env.read_env(str(_env_file))

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = (
    env.str("SECRET_KEY", default="insecure-development-key-never-used-in-production")
    if DEBUG
    else env.str("SECRET_KEY")
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else [])

INSTALLED_APPS = [
    "legacy_import.apps.PlatformAdminConfig",  # django.contrib.admin with the import in its menu
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "crm",
    "trainings",
    "legacy_import",
]

MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",  # outermost: redirects and refusals carry the policy too
    "ecoin.pages.no_store.NoStoreMiddleware",
    "django.middleware.security.SecurityMiddleware",
    *([] if DEBUG else ["whitenoise.middleware.WhiteNoiseMiddleware"]),
    # Inside WhiteNoise, whose files are compressed already. Its random padding and the tokens that
    # are masked anew in every form answer BREACH (docs/decisions/0074).
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ecoin.pages.interrupted_forms.InterruptedFormsMiddleware",  # everybody signs in
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # innermost: it replaces the answer of a locked sign-in
]

ROOT_URLCONF = "ecoin.urls"
WSGI_APPLICATION = "ecoin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Databases ---------------------------------------------------------------------------------
# `default` is the new platform; `legacy` is the old one, behind a backend that can only read.


DATABASE_TIMEOUT = env.str("DATABASE_TIMEOUT", default="300")
DATABASE_SSL_MODE = env.str("DATABASE_SSL_MODE", default="")
DATABASE_SSL_CA = env.str("DATABASE_SSL_CA", default="")
URL_OPTIONS = {"ssl_mode", "ssl_ca", "unix_socket", "charset"}


def _app_database() -> dict[str, Any]:
    """DATABASE_URL as Django settings. An error message does not contain any of it."""
    try:
        database: dict[str, Any] = env.db(
            "DATABASE_URL", default=f"sqlite:///{BASE_DIR}/db.sqlite3"
        )
    except (ValueError, KeyError):
        database = {}
    if database.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.mysql"):
        raise ImproperlyConfigured(
            "DATABASE_URL must be sqlite:///file or mysql://user:password@host:port/name, with "
            "special characters in the password percent-encoded"
        )
    if not set(database.get("OPTIONS", {})) <= URL_OPTIONS:
        raise ImproperlyConfigured(
            f"DATABASE_URL takes only these options after a '?': {', '.join(sorted(URL_OPTIONS))}"
        )
    return database


DATABASES = {"default": _app_database()}
_default = DATABASES["default"]
if "mysql" in _default["ENGINE"]:
    _default["ENGINE"] = "ecoin.mysql"
    _options = _default.get("OPTIONS", {})
    DATABASE_SSL_MODE = DATABASE_SSL_MODE or _options.get("ssl_mode", "")
    DATABASE_SSL_CA = DATABASE_SSL_CA or _options.get("ssl_ca", "")
    _default["OPTIONS"] = {
        **_options,
        "timeout": DATABASE_TIMEOUT,
        "ssl_mode": DATABASE_SSL_MODE or "PREFERRED",
        "ssl_ca": DATABASE_SSL_CA,
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
    }
elif "sqlite" in _default["ENGINE"]:
    # With the defaults, 242 of 400 concurrent transactions failed; with these, none.
    _default["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }

LEGACY_DB_DRIVER = env.str("LEGACY_DB_DRIVER", default="mysql")
LEGACY_DB_PORT = env.str("LEGACY_DB_PORT", default="")
LEGACY_DB_CHARSET = env.str("LEGACY_DB_CHARSET", default="utf8mb4")
LEGACY_DB_COLLATION = env.str("LEGACY_DB_COLLATION", default="")
LEGACY_DB_STRICT = env.str("LEGACY_DB_STRICT", default="true")
LEGACY_DB_SSL_MODE = env.str("LEGACY_DB_SSL_MODE", default="PREFERRED")
LEGACY_DB_SSL_CA = env.str("LEGACY_DB_SSL_CA", default="")
LEGACY_DB_READ_TIMEOUT = env.str("LEGACY_DB_READ_TIMEOUT", default="60")
LEGACY_DB_TIME_ZONE = env.str("LEGACY_DB_TIME_ZONE", default="+01:00")
LEGACY_SCHEMA_FILE = env.str("LEGACY_SCHEMA_FILE", default="")
LEGACY_IMPORT_CONNECTION = env.str("LEGACY_IMPORT_CONNECTION", default="legacy")

DATABASES["legacy"] = {
    "ENGINE": f"legacy_import.source.{'sqlite' if LEGACY_DB_DRIVER == 'sqlite' else 'mysql'}",
    "NAME": env.str("LEGACY_DB_DATABASE", default="legacy_demo.sqlite3"),
    "USER": env.str("LEGACY_DB_USERNAME", default=""),
    "PASSWORD": env.str("LEGACY_DB_PASSWORD", default=""),
    "HOST": env.str("LEGACY_DB_SOCKET", default="") or env.str("LEGACY_DB_HOST", default=""),
    "PORT": LEGACY_DB_PORT,
    "OPTIONS": {},
}
DATABASE_ROUTERS = ["legacy_import.source.router.LegacyRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The import (typed and checked in legacy_import.conf and legacy_import.checks) ---------------

LEGACY_IMPORT_FOCUS_MODE_DEFAULT = env.str(
    "LEGACY_IMPORT_FOCUS_MODE_DEFAULT", default="historical_completed"
)
LEGACY_IMPORT_PLACEHOLDER_EMAILS = env.list("LEGACY_IMPORT_PLACEHOLDER_EMAILS", default=[])
LEGACY_IMPORT_ROLE_MAILBOXES = env.list("LEGACY_IMPORT_ROLE_MAILBOXES", default=[])
LEGACY_IMPORT_HOT_KEY_ROWS = env.str("LEGACY_IMPORT_HOT_KEY_ROWS", default="6")
LEGACY_IMPORT_HOT_KEY_NAMES = env.str("LEGACY_IMPORT_HOT_KEY_NAMES", default="4")
LEGACY_IMPORT_MAX_FAILURE_RATE = env.str("LEGACY_IMPORT_MAX_FAILURE_RATE", default="0.05")
LEGACY_IMPORT_ENGINE = env.str("LEGACY_IMPORT_ENGINE", default="inline")
LEGACY_IMPORT_RETENTION_DAYS = env.str("LEGACY_IMPORT_RETENTION_DAYS", default="365")

# Who gets a mail when a command ends or stops (legacy_import/management/notification.py), and how.
LEGACY_IMPORT_NOTIFY = env.list("LEGACY_IMPORT_NOTIFY", default=[])
_mail_flags = {"true": True, "false": False}
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.str("EMAIL_PORT", default="25")
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
_use_tls = env.str("EMAIL_USE_TLS", default="false")
_use_ssl = env.str("EMAIL_USE_SSL", default="false")
EMAIL_USE_TLS = _mail_flags.get(_use_tls.strip().lower(), _use_tls)
EMAIL_USE_SSL = _mail_flags.get(_use_ssl.strip().lower(), _use_ssl)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ecoin@localhost")

# --- Celery workers (ecoin/celery.py), where LEGACY_IMPORT_ENGINE is celery ------------------------
# A chunk is worked in seconds. What a worker took and never finished is sent again by the command
# that waits for it (engine/celery_engine.py); the broker delivers it again only after an hour.

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_TASK_DEFAULT_QUEUE = "legacy_import"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True  # what was done is in the database, with the rows themselves
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 9 * 60
CELERY_TASK_TIME_LIMIT = 10 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # its receipt counts

# --- Language, time, files ------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("ar", "العربية"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "ecoin.formats"
TIME_ZONE = "Africa/Algiers"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
if not DEBUG:
    # Names with a hash of their content, compressed, served by this process and kept for ever.
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# --- Signing in -----------------------------------------------------------------------------------
# Five wrong passwords for one name from one address, or thirty from an address for any names: a quarter
# of an hour of rest.

LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator",
                 "CommonPasswordValidator", "NumericPasswordValidator")
]  # fmt: skip
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
ADDRESS_FAILURE_LIMIT = 30
AXES_HANDLER = "ecoin.sign_in.SignInHandler"
AXES_COOLOFF_TIME = datetime.timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # successes; failures are kept
AXES_CLIENT_IP_CALLABLE = "ecoin.sign_in.client_address"
AXES_LOCKOUT_CALLABLE = "ecoin.sign_in.locked_out"
AXES_VERBOSE = False

# --- Security -------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # requested internally, without HTTPS
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Nothing inline, nothing from elsewhere, no frame (docs/decisions/0043).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "ecoin.error_reports.RedactedReporterFilter"
CSRF_FAILURE_VIEW = "ecoin.pages.refusals.csrf_failed"
# Nothing is uploaded; a form is small, though a selection may have a thousand rows.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_200
DATA_UPLOAD_MAX_NUMBER_FILES = 0
# Exports (legacy_import/exports): a cell never starts a formula, only those permitted export.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# --- Logs -------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "ecoin.logs.RedactedFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        # In the place of Django's own handlers, which say nothing in production, and of Celery's.
        name: {"handlers": ["stderr"], "level": "WARNING"}
        for name in ("django", "ecoin", "legacy_import", "celery", "kombu", "amqp", "redis",
                     "multiprocessing")
    },
}  # fmt: skip
