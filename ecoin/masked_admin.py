"""Object pages that show contacts only to users who may change the record."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest


class MaskedUnlessChangeable(BaseModelAdmin):  # type: ignore[type-arg]
    """`masked_fields`: field → the method that shows it masked, to users who may only view it."""

    masked_fields: ClassVar[Mapping[str, str]] = {}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return [self._shown(name, request, obj) for name in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if self._may_edit(request, obj):
            return fields
        return (*fields, *self.masked_fields.values())

    def _shown(self, name: Any, request: HttpRequest, obj: Any) -> Any:
        return name if self._may_edit(request, obj) else self.masked_fields.get(name, name)

    def _may_edit(self, request: HttpRequest, obj: Any) -> bool:
        """Also when a record is added: there is nothing to mask yet."""
        return obj is None or self.has_change_permission(request, obj)
