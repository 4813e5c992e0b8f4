"""The platform's addresses. The screens of the import come before the admin's own, which end in all."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", include("legacy_import.urls")),
    path("admin/", admin.site.urls),
]
