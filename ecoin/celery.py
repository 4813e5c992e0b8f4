"""Celery: `celery -A ecoin worker` starts a worker. Imported only by code that uses Celery."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")

app = Celery("ecoin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def keep_platform_logging(loglevel: int = logging.WARNING, **_: Any) -> None:
    """Keep settings.LOGGING: Celery's handlers would print the text of an error, with values of a row.

    With this receiver Celery configures no handlers. `worker -l` still sets the level.
    """
    for name in ("celery", "legacy_import"):
        logging.getLogger(name).setLevel(loglevel)
