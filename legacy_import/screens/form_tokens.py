"""Forms that can be sent once: a token in the session, used up under a lock of the session's row.

A token is good for one operation on one run as it stood when the form was made. Whoever sends it a
second time (a double click, the back button, a reload) is told what the first time did.
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
KEPT = 20  # tokens of one session; the oldest is forgotten first
LONGEST = 64  # characters of a token that are looked at


@dataclass(frozen=True, slots=True)
class FormToken:
    """`stamp`: how the run stood. `first` and `end`: the batches it made, once it was `used`."""

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
        for oldest in list(tokens)[:-KEPT]:
            del tokens[oldest]
    return name


def look_up(request: HttpRequest, name: str, *, run: int, operation: str) -> FormToken | None:
    """The token of this name, if it was made for this operation on this run in this session."""
    kept = request.session.get(KEY, {}).get(name[:LONGEST])
    return _fitting(kept, run, operation)


def use_up(
    request: HttpRequest, name: str, *, run: int, operation: str, first: int
) -> tuple[FormToken | None, bool]:
    """(the token, whether it is the caller's to act on): only one caller ever hears True."""
    with _tokens(request) as tokens:
        token = _fitting(tokens.get(name[:LONGEST]), run, operation)
        if token is None or token.used:
            return token, False
        token = replace(token, used=timezone.now().isoformat(), first=first)
        tokens[name] = asdict(token)
    return token, True


def record_end(request: HttpRequest, name: str, *, end: int, why: str = "") -> None:
    """Write down where the token's operation ended."""
    with _tokens(request) as tokens:
        if name in tokens:
            tokens[name] = {**tokens[name], "end": end, "why": why}


def _fitting(kept: dict[str, Any] | None, run: int, operation: str) -> FormToken | None:
    token = FormToken(**kept) if kept else None
    return token if token and (token.run, token.operation) == (run, operation) else None


@contextmanager
def _tokens(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The tokens as they are stored now; nobody else changes them until the block ends.

    The request's own copy of the session may be older, so it is neither asked nor saved.
    """
    own = request.session
    if own.session_key is None:
        own.save()
    with transaction.atomic():
        list(Session.objects.select_for_update().filter(pk=own.session_key).values_list("pk"))
        stored = type(own)(own.session_key)
        tokens = dict(stored.get(KEY, {}))
        yield tokens
        stored[KEY] = tokens
        stored.save()
    # What was stored goes into the copy too, without marking the copy as changed.
    own._session[KEY] = tokens  # type: ignore[attr-defined]
