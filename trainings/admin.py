"""Plain registrations. Lists mask contacts; imported history can be viewed, but not added."""

import datetime
import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.db.models import Max, Min, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from ecoin.display import isolated, left_to_right, shown_name
from ecoin.identity.masking import (
    contains_contact,
    mask_code,
    mask_date,
    mask_email,
    mask_phone,
    mask_text,
)
from ecoin.lineage import NOTHING, LineageAdmin
from ecoin.masked_admin import MaskedUnlessChangeable, NoContactInAddress, OnlyOwnFilters
from trainings.history.panel import HistoryPanelAdmin, history_fields
from trainings.history.search import first_matches
from trainings.history.shown import learner_address, person_label, search_address
from trainings.models import (
    Course,
    ImportedHistory,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    Session,
)

# The origin of a record, or the key of a learner: `legacy:stagiaires:12`, `…:12:training`.
ORIGIN = re.compile(r"[!-9;-~]{1,64}:[a-z_]{1,32}:[0-9]{1,20}(#[0-9]{1,9})?(:[a-z]{1,16})?")
WITHOUT_DATE = "none"
MOST_FOUND = 1_000  # records with a name that a list shows


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
class LearnerProfileAdmin(HistoryPanelAdmin, MaskedUnlessChangeable, NoContactInAddress):
    list_display = ("id", "masked_user", "masked_phone", "birth_date")
    search_fields = ("user__username",)
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    masked_fields = {"user": "masked_user", "phone": "masked_phone"}

    def private_search(self, request: HttpRequest) -> str:
        return search_address(request.user)

    @admin.display(description=_("user"), ordering="user__username")
    def masked_user(self, profile: LearnerProfile) -> str:
        """A username may be an e-mail."""
        return isolated(mask_text(profile.user.get_username()))

    @admin.display(description=_("phone"))
    def masked_phone(self, profile: LearnerProfile) -> str:
        return left_to_right(mask_phone(profile.phone))


class UserWithHistoryAdmin(HistoryPanelAdmin, UserAdmin):  # type: ignore[type-arg]
    """The stock page of a user, with the imported history of the person."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets, history = super().get_fieldsets(request, obj), history_fields(request, obj)
        return (*fieldsets, (None, {"fields": history})) if history else fieldsets


admin.site.unregister(get_user_model())
admin.site.register(get_user_model(), UserWithHistoryAdmin)


class YearFilter(admin.SimpleListFilter):
    """The year of the day by which imported history is sorted."""

    title = _("year")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        dated = model_admin.model._default_manager.aggregate(
            first=Min("dated_on"), last=Max("dated_on")
        )
        if dated["first"] is None:
            return []
        years = range(dated["last"].year, dated["first"].year - 1, -1)
        return [*((str(year), str(year)) for year in years), (WITHOUT_DATE, _("without a date"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        year = self.value()
        if year == WITHOUT_DATE:
            return queryset.filter(dated_on=None)
        if year and year.isdecimal() and len(year) == 4 and int(year):
            first = datetime.date(int(year), 1, 1)
            return queryset.filter(dated_on__range=(first, first.replace(month=12, day=31)))
        return queryset


class ImportedHistoryAdmin(LineageAdmin, MaskedUnlessChangeable, OnlyOwnFilters):
    """History is created by an import and deleted by its rollback, so it cannot be added here."""

    list_display = (
        "masked_name", "masked_phone", "shown_course", "masked_session", "dated_on", "dated_from",
        "attached_to", "legacy_import_run_id",
    )  # fmt: skip
    list_filter = (YearFilter, "course")
    search_fields = ("learner_name",)
    search_help_text = _(
        "name, in any order and spelling; a phone or e-mail: under Former learners"
    )
    ordering = ("-dated_on", "-pk")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # of a million rows they are not counted
    list_select_related = ("course", "user", "lead")
    # Whose a record is changes on the history pages only, with a reason and a log.
    readonly_fields = (
        "origin", "learner", "legacy_import_run_id", "user", "lead", "dated_on", "dated_from",
        "created_at", "updated_at",
    )  # fmt: skip
    masked_fields = {
        "user": "masked_user",
        "learner_name": "masked_name",
        "learner_phone": "masked_phone",
        "learner_email": "masked_email",
        "legacy_course_name": "masked_course_name",
        "session_code": "masked_session",
        "session_starts_raw": "masked_start",
        "session_ends_raw": "masked_end",
        "completed_date_raw": "masked_completion",
    }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A contact does not stay in the address of the list; it is searched elsewhere, by POST."""
        text = request.GET.get("q", "")
        if contains_contact(text) and not ORIGIN.fullmatch(text):
            query = request.GET.copy()
            del query["q"]
            messages.warning(request, _("Phones and e-mail addresses are searched in private."))
            here = f"{request.path}?{query.urlencode()}"
            return HttpResponseRedirect(search_address(request.user) or here)
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """By the name as it is folded, in either script; or by the origin of the record or learner."""
        if not search_term:
            return queryset, False
        if ORIGIN.fullmatch(search_term):
            return queryset.filter(Q(origin=search_term) | Q(learner_key=search_term)), False
        ids = first_matches(queryset, search_term, MOST_FOUND)
        if len(ids) == MOST_FOUND:
            words = _("Only the first %(number)s records with this name are listed.")
            self.message_user(request, words % {"number": MOST_FOUND}, messages.WARNING)
        return queryset.filter(pk__in=ids), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("learner"), ordering="name_key")
    def masked_name(self, history: ImportedHistory) -> str:
        return isolated(shown_name(history.learner_name))

    @admin.display(description=_("phone"))
    def masked_phone(self, history: ImportedHistory) -> str:
        return left_to_right(mask_phone(history.learner_phone))

    @admin.display(description=_("e-mail"))
    def masked_email(self, history: ImportedHistory) -> str:
        return left_to_right(mask_email(history.learner_email))

    @admin.display(description=_("course"), ordering="course")
    def shown_course(self, history: Any) -> str:
        return str(history.course) if history.course else mask_text(history.legacy_course_name)

    @admin.display(description=_("course, as found"))
    def masked_course_name(self, history: ImportedHistory) -> str:
        return mask_text(history.legacy_course_name)

    @admin.display(description=_("session"))
    def masked_session(self, history: ImportedHistory) -> str:
        return left_to_right(mask_code(history.session_code))

    @admin.display(description=_("session start, as found"))
    def masked_start(self, history: ImportedHistory) -> str:
        return mask_date(history.session_starts_raw)

    @admin.display(description=_("session end, as found"))
    def masked_end(self, history: ImportedHistory) -> str:
        return mask_date(history.session_ends_raw)

    @admin.display(description=_("completed on, as found"))
    def masked_completion(self, training: LegacyCompletedTraining) -> str:
        """Typed by hand on the old platform, like a name."""
        return mask_date(training.completed_date_raw)

    @admin.display(description=_("user"))
    def masked_user(self, history: ImportedHistory) -> str:
        """A username may be an e-mail."""
        return isolated(mask_text(history.user.get_username())) if history.user else NOTHING

    @admin.display(description=_("attached to"))
    def attached_to(self, history: ImportedHistory) -> str:
        people = [history.user, history.lead]
        labels = ((person_label(one),) for one in people if one is not None)
        return format_html_join(", ", "<bdi>{}</bdi>", labels) or NOTHING

    @admin.display(description=_("learner key"))
    def learner(self, history: ImportedHistory) -> str:
        """A link to everything that was imported for the same learner."""
        address = learner_address(history.learner_key)
        return format_html('<a href="{}"><bdi dir="ltr">{}</bdi></a>', address, history.learner_key)


admin.site.register(LegacyCompletedTraining, ImportedHistoryAdmin)
admin.site.register(LegacyImportedEnrollment, ImportedHistoryAdmin)
