"""The platform's addresses. The review screens join under /admin/legacy-imports."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
