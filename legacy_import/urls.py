"""The addresses of the screens, below /admin/. None ends in a slash; with one it redirects.

Each screen defines its addresses next to its views.
"""

from django.urls import URLPattern, re_path

from ecoin.pages.slash import without_slash
from legacy_import.permissions import APP_LABEL
from legacy_import.screens.exports import views as exports
from legacy_import.screens.learners import views as students
from legacy_import.screens.lineage import views as lineage
from legacy_import.screens.mapping import views as mapping
from legacy_import.screens.review import views as review
from legacy_import.screens.runs import action_views, operation_views
from legacy_import.screens.runs import views as runs

app_name = APP_LABEL

AREAS = (
    runs, operation_views, action_views, students, review, mapping, exports, lineage,
)  # fmt: skip

urlpatterns: list[URLPattern] = [pattern for area in AREAS for pattern in area.urlpatterns]
urlpatterns.append(re_path(r"^(?P<page>legacy-imports(?:/.+)?)/$", without_slash, name="slash"))
