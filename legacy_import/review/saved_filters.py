"""A reviewer's own filters: a name and a query string, without anything personal in either."""

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.translation import gettext_noop as _

from legacy_import.errors import LegacyImportError
from legacy_import.models import SavedFilter
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review.filter import ReviewFilter

MAX_FILTERS = 30


class NotSaved(LegacyImportError):
    """A filter without a name, or one too many."""

    exit_code = 2


def save_filter(*, actor: User, name: str, query: str) -> SavedFilter:
    """Keep a query string under a name; the same name again replaces it.

    Only what the queue filters by is kept. Raises NotSaved, UnknownFilter, ContainsContact.
    """
    name = contact_free_text(name)[:80]
    kept = ReviewFilter.asked(QueryDict(query).dict()).encoded()
    if not name:
        raise NotSaved(_("Give the filter a name."))
    mine = SavedFilter.objects.filter(actor=actor)
    if not mine.filter(name=name).exists() and mine.count() >= MAX_FILTERS:
        raise NotSaved(_("You have 30 saved filters already; delete one first."))
    saved, _created = SavedFilter.objects.update_or_create(
        actor=actor, name=name, defaults={"query": kept}
    )
    return saved


def forget_filter(*, actor: User, filter_id: int) -> bool:
    """Delete one of the actor's own filters; False when it is none of theirs."""
    deleted, _by_model = SavedFilter.objects.filter(actor=actor, pk=filter_id).delete()
    return bool(deleted)


def filters_of(actor: User) -> list[SavedFilter]:
    return list(SavedFilter.objects.filter(actor=actor).order_by("name")[:MAX_FILTERS])
