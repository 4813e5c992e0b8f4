"""Plain registrations. Lists mask contacts; imported history can be viewed, but not added."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.lineage import NOTHING, LineageAdmin
from ecoin.masked_admin import MaskedUnlessChangeable
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
    """A page that needs another course links here with `?back=`, and is returned to once it is saved."""

    list_display = ("code", "name")
    search_fields = ("code", "name")
    ordering = ("code",)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(
            request, form_url, {**(extra_context or {}), "back": _back(request)}
        )

    def response_post_save_add(self, request: HttpRequest, obj: Course) -> HttpResponseRedirect:
        """Back to the page with the number of the new course, so that it can be chosen there."""
        back = _back(request)
        if not back:
            return super().response_post_save_add(request, obj)
        separator = "&" if "?" in back else "?"
        return HttpResponseRedirect(f"{back}{separator}{urlencode({'new_course': obj.pk})}")


def _back(request: HttpRequest) -> str:
    """The page of the admin to return to; "" if the address contains none, or one elsewhere."""
    back = request.GET.get("back", "")
    is_ours = back.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(
        back, allowed_hosts=None
    )
    return back if is_ours else ""


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "course", "starts_on", "ends_on")
    search_fields = ("code",)
    list_select_related = ("course",)
    autocomplete_fields = ("course",)


@admin.register(LearnerProfile)
class LearnerProfileAdmin(MaskedUnlessChangeable, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "masked_user", "masked_phone", "birth_date")
    search_fields = ("user__username",)
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    masked_fields = {"user": "masked_user", "phone": "masked_phone"}

    @admin.display(description=_("user"), ordering="user__username")
    def masked_user(self, profile: LearnerProfile) -> str:
        """A username may be an e-mail."""
        return mask_text(profile.user.get_username())

    @admin.display(description=_("phone"))
    def masked_phone(self, profile: LearnerProfile) -> str:
        return mask_phone(profile.phone)


class ImportedHistoryAdmin(LineageAdmin, MaskedUnlessChangeable, admin.ModelAdmin):  # type: ignore[type-arg]
    """History is created by an import and deleted by its rollback, so it cannot be added here."""

    list_display = ("origin", "masked_name", "masked_phone", "course", "legacy_import_run_id")
    list_filter = ("course",)
    search_fields = ("origin", "learner_name")
    list_select_related = ("course",)
    readonly_fields = ("origin", "legacy_import_run_id", "created_at", "updated_at")
    raw_id_fields = ("user", "lead")
    masked_fields = {
        "user": "masked_user",
        "learner_name": "masked_name",
        "learner_phone": "masked_phone",
        "learner_email": "masked_email",
        "completed_date_raw": "masked_completion",
    }

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

    @admin.display(description=_("e-mail"))
    def masked_email(self, history: ImportedHistory) -> str:
        return mask_email(history.learner_email)

    @admin.display(description=_("completed on, as found"))
    def masked_completion(self, training: LegacyCompletedTraining) -> str:
        """Typed by hand on the old platform, like a name."""
        return mask_text(training.completed_date_raw)

    @admin.display(description=_("user"))
    def masked_user(self, history: ImportedHistory) -> str:
        """A username may be an e-mail."""
        return mask_text(history.user.get_username()) if history.user else NOTHING


admin.site.register(LegacyCompletedTraining, ImportedHistoryAdmin)
admin.site.register(LegacyImportedEnrollment, ImportedHistoryAdmin)
