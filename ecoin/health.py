"""`/healthz` and `/readyz`: what a supervisor and a load balancer ask, without signing in."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process is alive. No database is asked: restarting would not bring one back."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """This process can serve: the app database answers and is migrated; 503 with what is missing."""
    missing = _missing()
    if missing:
        return JsonResponse({"status": "not ready", "reason": missing}, status=503)
    return JsonResponse({"status": "ok"})


def _missing() -> str:
    """What keeps this process from serving, without an address, a name or an error's own words."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.warning("readyz: the app database failed with %s", type(error).__name__)
        return "the app database does not answer"
    return "the app database is not migrated" if waiting else ""
