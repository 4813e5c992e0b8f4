"""Plain registrations. Lists mask contacts; object pages show them to users who may change the lead."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.models import CourseInterest, CrmLead
from ecoin.display import isolated, left_to_right
from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.lineage import LineageAdmin
from ecoin.masked_admin import MaskedUnlessChangeable, NoContactInAddress
from trainings.history.lead_warning import warn_if_trained
from trainings.history.panel import HistoryPanelAdmin
from trainings.history.shown import search_address


class CourseInterestInline(LineageAdmin, MaskedUnlessChangeable, admin.StackedInline):  # type: ignore[type-arg]
    model = CourseInterest
    extra = 0
    autocomplete_fields = ("course",)
    masked_fields = {"legacy_course_name": "masked_course_name"}

    @admin.display(description=_("course of the old platform"))
    def masked_course_name(self, interest: CourseInterest) -> str:
        return mask_text(interest.legacy_course_name)

    def has_lineage(self, obj: CrmLead | None) -> bool:
        """Each interest has its own origin, or none; `obj` is their lead."""
        return obj is not None


@admin.register(CrmLead)
class CrmLeadAdmin(HistoryPanelAdmin, LineageAdmin, MaskedUnlessChangeable, NoContactInAddress):
    list_display = ("id", "masked_name", "masked_phone", "masked_email", "created_at")
    search_fields = ("full_name",)
    ordering = ("-id",)
    readonly_fields = ("origin", "legacy_import_run_id", "created_at", "updated_at")
    inlines = (CourseInterestInline,)
    masked_fields = {"full_name": "masked_name", "phone": "masked_phone", "email": "masked_email"}

    def save_model(self, request: HttpRequest, obj: CrmLead, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or {"phone", "email"} & set(form.changed_data):
            warn_if_trained(request, obj)

    def private_search(self, request: HttpRequest) -> str:
        return search_address(request.user)

    @admin.display(description=_("full name"), ordering="full_name")
    def masked_name(self, lead: CrmLead) -> str:
        return isolated(mask_text(lead.full_name))

    @admin.display(description=_("phone"))
    def masked_phone(self, lead: CrmLead) -> str:
        return left_to_right(mask_phone(lead.phone))

    @admin.display(description=_("e-mail"))
    def masked_email(self, lead: CrmLead) -> str:
        return left_to_right(mask_email(lead.email))
