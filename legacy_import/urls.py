"""The addresses of the screens, below /admin/. None ends in a slash; with one it redirects."""

from django.urls import path
from django.views.generic import RedirectView

from legacy_import.permissions import APP_LABEL
from legacy_import.views.lineage import lineage

app_name = APP_LABEL
urlpatterns = [
    path("legacy-imports/lineage", lineage, name="lineage"),
    path(
        "legacy-imports/lineage/",
        RedirectView.as_view(pattern_name="legacy_imports:lineage", query_string=True),
    ),
]
