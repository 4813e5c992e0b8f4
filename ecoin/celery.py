"""Celery: `celery -A ecoin worker` starts a worker. Only what uses Celery imports this."""

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
def keep_the_platforms_logging(loglevel: int = logging.WARNING, **_: Any) -> None:
    """Celery's own handlers would print what an error says, which may be somebody's phone.

    With this receiver it sets none up: settings.LOGGING holds. `worker -l` still sets the level.
    """
    for name in ("celery", "legacy_import"):
        logging.getLogger(name).setLevel(loglevel)
