"""`/healthz` and `/readyz`: for a supervisor and a load balancer, without signing in."""

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
    """This process is alive. It queries no database, because a restart would not repair one."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready if the app database answers and is migrated; otherwise 503 with the reason."""
    reason = _unready_reason()
    if reason:
        return JsonResponse({"status": "not ready", "reason": reason}, status=503)
    return JsonResponse({"status": "ok"})


def _unready_reason() -> str:
    """Why this process cannot serve, without an address, a name or the text of an error."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.warning("readyz: the app database failed with %s", type(error).__name__)
        return "the app database does not answer"
    return "the app database is not migrated" if pending else ""
