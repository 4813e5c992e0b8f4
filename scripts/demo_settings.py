"""The settings of `make demo`, in a file of their own: `python -m scripts.demo_settings`.

`export ENV_FILE=demo.env` then gives any command the demo's databases. A .env for the real thing is
neither read nor written.
"""

import secrets
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = "demo.env"


def write(folder: Path) -> Path:
    """Write `demo.env` of a checkout. Its SECRET_KEY is kept, so that users stay signed in."""
    path = folder / NAME
    values = {
        "SECRET_KEY": secret_key(path) or secrets.token_urlsafe(64),
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "LEGACY_DB_DRIVER": "sqlite",
        "LEGACY_DB_DATABASE": str(folder / "legacy_demo.sqlite3"),
    }
    lines = (f"{key}={value}\n" for key, value in values.items())
    path.touch(mode=0o600)
    path.write_text(
        f"# Written by `make demo`; use it with: export ENV_FILE={NAME}\n{''.join(lines)}"
    )
    return path


def secret_key(path: Path) -> str:
    """The key of a file that was written before; empty without one."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return next((line.partition("=")[2] for line in lines if line.startswith("SECRET_KEY=")), "")


if __name__ == "__main__":
    write(CHECKOUT)
