from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from ecoin.database import prepare


class LegacyImportConfig(AppConfig):
    name = "legacy_import"
    label = "legacy_imports"  # so that permissions read legacy_imports.review
    verbose_name = _("Legacy imports")

    def ready(self) -> None:
        connection_created.connect(prepare, dispatch_uid="ecoin.database")
        from legacy_import import checks  # noqa: F401  (registers the system checks)
