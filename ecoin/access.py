"""Who may open a view, and by which methods."""

from collections.abc import Callable, Sequence

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods

ViewFunction = Callable[..., HttpResponseBase]


def restricted_to(
    *permissions: str, methods: Sequence[str] = ("GET", "HEAD")
) -> Callable[[ViewFunction], ViewFunction]:
    """Restrict a view to these permissions: anonymous users → login, others, even staff → 403.

    Then to these methods: others → 405.
    """
    refuse = permission_required(permissions, raise_exception=True)

    def guarded(view: ViewFunction) -> ViewFunction:
        return login_required(refuse(require_http_methods(methods)(view)))

    return guarded
