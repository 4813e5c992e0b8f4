"""The platform's addresses. Those of our screens precede the admin's, whose last pattern matches all."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from ecoin.health import healthz, readyz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("language", login_not_required(set_language), name="set_language"),
    path("admin/", include("legacy_import.urls")),
    path("admin/", include("trainings.history.urls")),
    path("admin/", admin.site.urls),
]
