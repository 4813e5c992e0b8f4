"""The training history of a user, profile or lead on its own page in the admin."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm.models import CrmLead
from trainings.history.records import History, history_of_person
from trainings.history.shown import VIEW, Reader, learner_address, shown_lines
from trainings.models import LearnerProfile

TITLE = _("Training history of the old platform")


@dataclass(frozen=True, slots=True)
class HistoryField:
    """A read-only field of an object page: the history of its person, as this reader may see it."""

    reader: Reader
    short_description: ClassVar[str | Promise] = TITLE
    __name__: ClassVar[str] = "training_history"

    def __call__(self, record: Any) -> SafeString:
        return history_panel(_history_of(record), self.reader)


class HistoryPanelAdmin(BaseModelAdmin):  # type: ignore[type-arg]
    """An object page with the history of its user, profile or lead, for readers of imported history."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, *history_fields(request, obj))


def history_fields(request: HttpRequest, obj: Any) -> tuple[HistoryField, ...]:
    """The field for this reader; none while the record is being added."""
    if obj is None or not request.user.has_perm(VIEW):
        return ()
    return (HistoryField(request.user),)


def history_panel(history: History, reader: Reader) -> SafeString:
    """The records as a table, and links to their learners."""
    context = {
        "lines": shown_lines(history, reader),
        "learners": [{"key": key, "address": learner_address(key)} for key in history.learner_keys],
    }
    return render_to_string("admin/trainings/history/panel.html", context)


def _history_of(record: Any) -> History:
    if isinstance(record, CrmLead):
        return history_of_person(lead=record)
    if isinstance(record, LearnerProfile):
        return history_of_person(user_id=record.user_id)
    return history_of_person(user_id=record.pk)
