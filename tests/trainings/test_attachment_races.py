"""Two people decide about one history at the same moment, in two transactions of the database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.factories import CrmLeadFactory
from tests.trainings.histories import BORN, NAME, NOW, again, history, secretary, seen
from trainings.attachments import (
    AttachmentRefused,
    ChangedMeanwhile,
    SeenOwner,
    attach,
    decide_owner,
    detach,
    person_of,
    undo,
)
from trainings.models import AttachmentAction, HistoryAttachment, ProbableOwner

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of them returned, or the refusal it raised. They begin at the same moment."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=30)
            return work()
        except AttachmentRefused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        return list(pool.map(run, works))


def winners(results: list[Any]) -> list[HistoryAttachment]:
    """The events of those who were first; everybody else was refused as too late."""
    events = [one for one in results if isinstance(one, HistoryAttachment)]
    late = [one for one in results if not isinstance(one, HistoryAttachment)]
    assert all(isinstance(one, ChangedMeanwhile) for one in late), late
    return events


@pytest.fixture
def actors() -> list[User]:
    return [secretary("une"), secretary("deux")]


def test_one_of_two_attachments_wins_and_the_other_writes_nothing(actors: list[User]) -> None:
    record = history()
    leads = [CrmLeadFactory(), CrmLeadFactory()]
    page = seen(record)

    def by(number: int) -> Callable[[], Any]:
        return lambda: attach(
            records=page, person=("lead", leads[number].pk), reason="x", actor=actors[number],
            now=NOW,
        )  # fmt: skip

    (event,) = winners(at_once(by(0), by(1)))
    assert person_of(again(record)) == ("lead", event.person_id)
    assert HistoryAttachment.objects.count() == 1
    assert again(record).version == 1


def test_one_event_is_undone_by_one_of_two(actors: list[User]) -> None:
    record = history()
    event = attach(
        records=seen(record), person=("lead", CrmLeadFactory().pk), reason="x", actor=actors[0],
        now=NOW,
    )  # fmt: skip
    (reversal,) = winners(
        at_once(*(lambda a=actor: undo(event_id=event.pk, actor=a, now=NOW) for actor in actors))
    )
    assert reversal.undoes == event
    assert person_of(again(record)) is None


def test_an_undo_and_a_detachment_do_not_both_win(actors: list[User]) -> None:
    record = history()
    event = attach(
        records=seen(record), person=("lead", CrmLeadFactory().pk), reason="x", actor=actors[0],
        now=NOW,
    )  # fmt: skip
    page = seen(record)
    results = at_once(
        lambda: undo(event_id=event.pk, actor=actors[0], now=NOW),
        lambda: detach(records=page, reason="x", actor=actors[1], now=NOW),
    )
    assert len(winners(results)) == 1
    assert again(record).version == 2


def test_a_line_of_the_work_list_is_decided_once(actors: list[User]) -> None:
    record = history()
    lead = CrmLeadFactory(full_name=NAME, birth_date=BORN)
    pair = ProbableOwner.objects.get()
    page, records = SeenOwner(pair.pk, pair.version), seen(record)
    results = at_once(
        lambda: attach(
            records=records, person=("lead", lead.pk), reason="x", actor=actors[0], now=NOW,
            owner=page,
        ),
        lambda: decide_owner(
            owner=page, action=AttachmentAction.NOT_SAME, actor=actors[1], now=NOW
        ),
    )  # fmt: skip
    (event,) = winners(results)
    is_attached = person_of(again(record)) is not None
    assert is_attached == (event.action == AttachmentAction.ATTACH)
    pair.refresh_from_db()
    assert (pair.state == "not_same") == (not is_attached)
