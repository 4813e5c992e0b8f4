#!/usr/bin/env python
"""Django's command line for the ECOIN platform."""

import os
import sys

from ecoin.output import keep_streams_open


def main() -> None:
    keep_streams_open()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit(
            "Django is not installed here. Run `make venv`, then use .venv/bin/python manage.py …"
        )
    from django.core.exceptions import ImproperlyConfigured
    from django.db.utils import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(
            f"Error: {error}.\nNext:  set it in .env, a copy of .env.example; see README. "
            "After `make demo`: export ENV_FILE=demo.env"
        )
    except DatabaseError as error:  # of Django's own commands: migrate, check, createsuperuser
        from legacy_import.management.app_errors import known_app_database_error
        from legacy_import.management.terminal import runnable

        known = known_app_database_error(error)
        if known is None:
            raise
        sys.exit(runnable(f"Error: {known.message}\nNext:  {known.hint}"))


if __name__ == "__main__":
    main()
