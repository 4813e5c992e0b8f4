"""Plain registrations. Lists mask contacts; imported history can be viewed, but not added."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ecoin.identity.masking import mask_phone, mask_text
from ecoin.lineage import LineageAdmin
from trainings.models import (
    Course,
    ImportedHistory,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    Session,
)


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "name")
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "course", "starts_on", "ends_on")
    search_fields = ("code",)
    list_select_related = ("course",)
    autocomplete_fields = ("course",)


@admin.register(LearnerProfile)
class LearnerProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "masked_user", "masked_phone", "birth_date")
    search_fields = ("user__username",)
    list_select_related = ("user",)
    autocomplete_fields = ("user",)

    @admin.display(description=_("user"), ordering="user__username")
    def masked_user(self, profile: LearnerProfile) -> str:
        """A username may be an e-mail."""
        return mask_text(profile.user.get_username())

    @admin.display(description=_("phone"))
    def masked_phone(self, profile: LearnerProfile) -> str:
        return mask_phone(profile.phone)


class ImportedHistoryAdmin(LineageAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """History is created by an import and deleted by its rollback, so it cannot be added here."""

    list_display = ("origin", "masked_name", "masked_phone", "course", "legacy_import_run_id")
    list_filter = ("course",)
    search_fields = ("origin", "learner_name")
    list_select_related = ("course",)
    readonly_fields = ("origin", "legacy_import_run_id", "created_at", "updated_at")
    raw_id_fields = ("user", "lead")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """An origin is ASCII, and MariaDB cannot compare it with other text."""
        if request.GET.get("q", "").isascii():
            return self.search_fields
        return ("learner_name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("learner"), ordering="learner_name")
    def masked_name(self, history: ImportedHistory) -> str:
        return mask_text(history.learner_name)

    @admin.display(description=_("phone"))
    def masked_phone(self, history: ImportedHistory) -> str:
        return mask_phone(history.learner_phone)


admin.site.register(LegacyCompletedTraining, ImportedHistoryAdmin)
admin.site.register(LegacyImportedEnrollment, ImportedHistoryAdmin)
