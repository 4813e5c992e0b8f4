"""Forms that can be sent only once: a token in the session, used under a lock of the session's row.

A token is valid for one operation on one run in the state in which the form was rendered. A second
submission (a double click, the back button, a reload) shows the result of the first.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

KEY = "legacy_imports_once"
MOST_TOKENS = 20  # of one session; the oldest is deleted first
TOKEN_LENGTH = 64  # characters of a token that are read


@dataclass(frozen=True, slots=True)
class FormToken:
    """`stamp`: the state of the run. `first` and `end`: the batches it created, once it was `used`."""

    run: int
    operation: str
    stamp: str
    used: str = ""  # when, as ISO text
    first: int = 0
    end: int | None = None
    why: str = ""  # it stopped before its end


def issue(request: HttpRequest, *, run: int, operation: str, stamp: str) -> str:
    """A new token for the form of this operation on this run."""
    name = secrets.token_urlsafe(18)
    with _tokens(request) as tokens:
        tokens[name] = asdict(FormToken(run, operation, stamp))
        for oldest in list(tokens)[:-MOST_TOKENS]:
            del tokens[oldest]
    return name


def look_up(request: HttpRequest, name: str, *, run: int, operation: str) -> FormToken | None:
    """The token of this name, if it was issued for this operation on this run in this session."""
    values = request.session.get(KEY, {}).get(name[:TOKEN_LENGTH])
    return _token(values, run, operation)


def use_up(
    request: HttpRequest, name: str, *, run: int, operation: str, first: int
) -> tuple[FormToken | None, bool]:
    """(the token, whether the caller may act on it): only one caller ever gets True."""
    with _tokens(request) as tokens:
        token = _token(tokens.get(name[:TOKEN_LENGTH]), run, operation)
        if token is None or token.used:
            return token, False
        token = replace(token, used=timezone.now().isoformat(), first=first)
        tokens[name] = asdict(token)
    return token, True


def record_end(request: HttpRequest, name: str, *, end: int, why: str = "") -> None:
    """Record where the token's operation ended."""
    with _tokens(request) as tokens:
        if name in tokens:
            tokens[name] = {**tokens[name], "end": end, "why": why}


def _token(values: dict[str, Any] | None, run: int, operation: str) -> FormToken | None:
    token = FormToken(**values) if values else None
    return token if token and (token.run, token.operation) == (run, operation) else None


@contextmanager
def _tokens(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The tokens as they are stored now; no other request changes them until the block ends.

    The request's own copy of the session may be older, so it is neither read nor saved.
    """
    own = request.session
    if own.session_key is None:
        own.save()
    with transaction.atomic():
        list(Session.objects.select_for_update().filter(pk=own.session_key).values_list("pk"))
        session = type(own)(own.session_key)
        tokens = dict(session.get(KEY, {}))
        yield tokens
        session[KEY] = tokens
        session.save()
    # The copy gets the tokens too, without being marked as changed.
    own._session[KEY] = tokens  # type: ignore[attr-defined]
