from django.apps import AppConfig
from django.contrib.admin import apps as stock_admin
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from ecoin import bulk, database


class LegacyImportConfig(AppConfig):
    default = True
    name = "legacy_import"
    label = "legacy_imports"  # so that permissions are named legacy_imports.review
    verbose_name = _("Legacy imports")

    def ready(self) -> None:
        connection_created.connect(database.prepare, dispatch_uid="ecoin.database")
        connection_created.connect(bulk.check_server, dispatch_uid="ecoin.bulk")
        from legacy_import import checks  # noqa: F401  (registers the system checks)


class PlatformAdminConfig(stock_admin.AdminConfig):
    """The standard admin with the import in its menu."""

    default = False
    default_site = "legacy_import.admin.PlatformAdmin"
