"""The addresses of the screens, below /admin/. None ends in a slash; with one it redirects.

Each area of the screens keeps its own addresses beside its views.
"""

from django.urls import URLPattern, re_path

from legacy_import.permissions import APP_LABEL
from legacy_import.views import (
    course_mapping,
    exports,
    lineage,
    operations,
    review,
    run_actions,
    runs,
    session_mapping,
    students,
)
from legacy_import.views.slash import without_slash

app_name = APP_LABEL

AREAS = (
    runs, operations, run_actions, students, review, course_mapping, session_mapping, exports,
    lineage,
)  # fmt: skip

urlpatterns: list[URLPattern] = [pattern for area in AREAS for pattern in area.urlpatterns]
urlpatterns.append(re_path(r"^(?P<page>legacy-imports(?:/.+)?)/$", without_slash, name="slash"))
