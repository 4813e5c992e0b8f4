from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LegacyImportConfig(AppConfig):
    name = "legacy_import"
    label = "legacy_imports"  # so that permissions read legacy_imports.review
    verbose_name = _("Legacy imports")

    def ready(self) -> None:
        from legacy_import import checks  # noqa: F401  (registers the system checks)
