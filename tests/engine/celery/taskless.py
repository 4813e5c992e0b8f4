"""A worker of the same queue whose code does not know the task."""

import logging
from typing import Any

from celery import Celery
from celery.signals import setup_logging

app = Celery("taskless")
app.config_from_object("django.conf:settings", namespace="CELERY")


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def log_to_the_console(**_: Any) -> None:
    logging.getLogger("celery").setLevel(logging.INFO)
