"""A lead that is saved with the phone or e-mail of a former learner: shown, and never refused."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from crm.models import CrmLead
from trainings.history.records import MODELS
from trainings.history.search import contact_conditions
from trainings.history.shown import VIEW, learner_address

MOST_LINKS = 3
ROWS_READ = 20


def warn_if_trained(request: HttpRequest, lead: CrmLead) -> None:
    """Add a warning to the next page, with a link to each learner for those who may read history."""
    keys = former_learners(lead)
    if not keys:
        return
    words = gettext("Was trained here: a former learner has this phone or e-mail.")
    if not request.user.has_perm(VIEW):
        messages.warning(request, words)
        return
    links = format_html_join(
        " · ",
        '<a href="{}">{} <bdi dir="ltr">{}</bdi></a>',
        (
            (learner_address(key), gettext("History of the learner"), key)
            for key in keys[:MOST_LINKS]
        ),
    )
    messages.warning(request, format_html("{} {}", words, links))


def former_learners(lead: CrmLead) -> list[str]:
    """The learner keys of imported history with the lead's contact that is not attached to it yet."""
    keys: set[str] = set()
    for which in contact_conditions(phone=lead.phone, email=lead.email):
        for model in MODELS:
            records = model._default_manager.filter(which)
            for key, lead_id in records.values_list("learner_key", "lead_id")[:ROWS_READ]:
                if lead_id is None or lead_id != lead.pk:
                    keys.add(key)
    return sorted(keys)
