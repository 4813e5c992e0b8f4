"""Pages of the admin that show a contact only to users who may change it, and in no address."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import BaseModelAdmin, ModelAdmin
from django.core.exceptions import FieldDoesNotExist
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ecoin.identity.masking import contains_contact


class MaskedUnlessChangeable(BaseModelAdmin):  # type: ignore[type-arg]
    """`masked_fields`: field → the method that shows it masked, to users who may only view it."""

    masked_fields: ClassVar[Mapping[str, str]] = {}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return [self._field_or_mask(name, request, obj) for name in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if self._may_edit(request, obj):
            return fields
        return (*fields, *self.masked_fields.values())

    def _field_or_mask(self, name: Any, request: HttpRequest, obj: Any) -> Any:
        return name if self._may_edit(request, obj) else self.masked_fields.get(name, name)

    def _may_edit(self, request: HttpRequest, obj: Any) -> bool:
        """Also when a record is added: there is nothing to mask yet."""
        return obj is None or self.has_change_permission(request, obj)


class OnlyOwnFilters(ModelAdmin):  # type: ignore[type-arg]
    """A list that is narrowed by its own filters only.

    Django lets an address filter by any column (`?phone__startswith=055`). Digit by digit, that would
    show readers of a masked list the whole number.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        try:
            field: Any = self.model._meta.get_field(lookup.partition(LOOKUP_SEP)[0])
        except FieldDoesNotExist:  # the parameter of a filter of ours, or pk
            return bool(super().lookup_allowed(lookup, value, request))
        is_key = getattr(field, "primary_key", False)
        is_own = is_key or field.name in self.list_filter
        return is_own and bool(super().lookup_allowed(lookup, value, request))


class NoContactInAddress(OnlyOwnFilters):
    """A list whose address does not keep a phone or e-mail that was typed into its search."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not contains_contact(request.GET.get("q", "")):
            return super().changelist_view(request, extra_context)
        words = _("Phones and e-mail addresses are searched in private.")
        if page := self.private_search(request):
            link = _("Find a former learner")
            words = format_html('{} <a href="{}">{}</a>', words, page, link)
        messages.warning(request, words)
        query = request.GET.copy()
        del query["q"]
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")

    def private_search(self, request: HttpRequest) -> str:
        """The page on which a contact finds a former learner; "" for users who may not open it."""
        return ""
