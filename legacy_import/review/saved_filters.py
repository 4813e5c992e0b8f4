"""A reviewer's own filters: a name and a query string, neither with personal data."""

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.translation import gettext_noop as _

from legacy_import.errors import LegacyImportError
from legacy_import.models import SavedFilter
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review.filter import RowFilter

MAX_FILTERS = 30


class NotSaved(LegacyImportError):
    """A filter without a name, or one too many."""

    exit_code = 2


def save_filter(*, actor: User, name: str, query: str) -> SavedFilter:
    """Save a query string under a name; the same name again replaces it.

    Only the parameters of the queue's filter are saved. Raises NotSaved, UnknownFilter, ContainsContact.
    """
    name = contact_free_text(name)[:80]
    query = RowFilter.parse(QueryDict(query).dict(), queue=True).query_string()
    if not name:
        raise NotSaved(_("Give the filter a name."))
    own = SavedFilter.objects.filter(actor=actor)
    if not own.filter(name=name).exists() and own.count() >= MAX_FILTERS:
        raise NotSaved(_("You have 30 saved filters already; delete one first."))
    saved, _created = SavedFilter.objects.update_or_create(
        actor=actor, name=name, defaults={"query": query}
    )
    return saved


def delete_filter(*, actor: User, filter_id: int) -> bool:
    """Delete one of the actor's own filters; False when the actor has no such filter."""
    deleted, _by_model = SavedFilter.objects.filter(actor=actor, pk=filter_id).delete()
    return bool(deleted)


def filters_of(actor: User) -> list[SavedFilter]:
    return list(SavedFilter.objects.filter(actor=actor).order_by("name")[:MAX_FILTERS])
