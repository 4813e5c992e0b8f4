"""Finding former learners by name, in either script, or by their full phone or e-mail.

Every query reads the beginning of one indexed column and is limited, in any number of records: a name
is found by the forms in which each of its words comes first (ecoin/identity/keys.py), a contact by
equality.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from crm.models import CrmLead
from ecoin.identity.emails import parse_email
from ecoin.identity.names import Name, parse_name
from ecoin.identity.phones import parse_phones
from trainings.history.records import MODELS, ImportedRecord, read_courses
from trainings.models import LearnerProfile

LEARNERS = 25  # of one page
MOST_PEOPLE = 50  # leads and users with one contact whose history is looked up
ROWS_PER_QUERY = 100
AFTER_ALL = "\x7f"  # sorts after every character of a stored form
FORMS = ("name_key", "name_key_2", "name_key_3")


@dataclass(frozen=True, slots=True)
class FoundLearner:
    """One learner of a page: the newest record's name and birth date, and all records as read."""

    learner_key: str
    records: list[ImportedRecord]

    @property
    def newest(self) -> ImportedRecord:
        return max(self.records, key=lambda record: (str(record.dated_on or ""), record.pk))


class Cursor(NamedTuple):
    """Where a page of a name continues: in this branch of the search, after this record."""

    branch: int
    record: int

    def __str__(self) -> str:
        return f"{self.branch}-{self.record}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        branch, dash, record = text.partition("-")
        is_number = branch.isdecimal() and record.isdecimal()
        if dash and is_number and len(branch) <= 2 and len(record) <= 18:
            return cls(int(branch), int(record))
        return None


@dataclass(frozen=True, slots=True)
class FoundPage:
    """`similar`: no one has this name, these have a similar one. `next`: where the next page begins."""

    learners: list[FoundLearner]
    similar: bool = False
    next: Cursor | None = None


NOBODY = FoundPage([])


# --- By name ------------------------------------------------------------------------------------------


def find_by_name(text: str, after: Cursor | None = None) -> FoundPage:
    """A page of the learners in whose names these words occur, in any order, spelling and script.

    The last letters of a word may be missing. Where no one has the name, those whose consonants are the
    same.
    """
    words = parse_name(text).fold.split()
    if not words:
        return NOBODY
    keys: dict[str, None] = {}
    for number, branch in enumerate(_branches(words)):
        if after and number < after.branch:
            continue
        last = after.record if after and number == after.branch else 0
        for key, pk in branch.rows(last):
            if len(keys) == LEARNERS and key not in keys:
                return FoundPage(learners(keys), next=Cursor(number, last))
            keys[key] = None
            last = pk
    keys |= dict.fromkeys(_with_words_apart(words))
    if keys or after:
        return FoundPage(learners(keys))
    similar = _keys(_same_consonants(parse_name(text)))
    return FoundPage(learners(similar), similar=True)


@dataclass(frozen=True, slots=True)
class _Branch:
    """The records of one kind of which one form begins so, in the order of that form."""

    model: type[ImportedRecord]
    form: str
    which: Q

    def rows(self, after: int) -> Iterator[tuple[str, int]]:
        """(learner key, id) of the records after this one; 0: from the first on."""
        records: Any = self.model._default_manager.filter(self.which).order_by(self.form, "pk")
        place = self._place(after)
        while True:
            page = list(
                records.filter(place).values_list("learner_key", "pk", self.form)[:ROWS_PER_QUERY]
            )
            for key, pk, _value in page:
                yield key, pk
            if len(page) < ROWS_PER_QUERY:
                return
            place = self._past(page[-1][2], page[-1][1])

    def _place(self, after: int) -> Q:
        last: Any = self.model._default_manager.filter(pk=after).values_list(self.form, flat=True)
        value = last.first() if after else None
        return Q() if value is None else self._past(value, after)

    def _past(self, value: str, pk: int) -> Q:
        return Q(**{f"{self.form}__gt": value}) | Q(**{self.form: value, "pk__gt": pk})


def _branches(words: list[str]) -> list[_Branch]:
    """What a search for these words (sorted) reads, in order; a record is in one branch at most."""
    begins = _beginnings(words)
    branches = []
    for place, model in enumerate(MODELS):
        elsewhere: Any = [
            Exists(
                other._default_manager.filter(
                    reduce(or_, begins.values()), learner_key=OuterRef("learner_key")
                )
            )
            for other in MODELS[:place]
        ]
        which = Q()
        for form in FORMS:
            rest = reduce(and_, (~Q(one) for one in elsewhere), which)
            branches.append(_Branch(model, form, begins[form] & rest))
            which &= ~begins[form]
    return branches


def _beginnings(words: list[str]) -> dict[str, Q]:
    """Form → the condition that it begins with these words (sorted), in any order."""
    patterns = {" ".join(words[n:] + words[:n]) for n in range(len(words))}
    return {
        form: reduce(
            or_, (Q(**{f"{form}__gte": one, f"{form}__lt": one + AFTER_ALL}) for one in patterns)
        )
        for form in FORMS
    }


def _with_words_apart(words: list[str]) -> list[str]:
    """The learners in whose names of more than three words these (sorted) are not side by side."""
    if len(words) < 2:
        return []
    elsewhere = ~reduce(or_, _beginnings(words).values())  # those are on a page already
    conditions = [which & elsewhere for which in _apart(words).values()]
    return list(dict.fromkeys(key for which in conditions for key in _keys(which)))


def _apart(words: list[str]) -> dict[str, Q]:
    """Form → the condition that it begins with the first of these words and contains the others.

    The first of two words of a name of four is one of its first three. Everything is one column, so the
    server reads the index only.
    """
    first, *others = words
    return {
        form: reduce(
            and_,
            (Q(**{f"{form}__contains": f" {one}"}) for one in others),
            Q(**{f"{form}__gte": first, f"{form}__lt": first + AFTER_ALL}),
        )
        for form in FORMS
    }


def first_matches(records: Any, text: str, most: int) -> list[int]:
    """The ids of the first of these records of one kind in whose names the words occur; so many at most.

    A name in Arabic letters of which the usual Latin spelling is not known is found by its consonants.
    """
    name = parse_name(text)
    words = name.fold.split()
    branches = list(_beginnings(words).items()) if words else []
    if len(words) > 1:
        branches += _apart(words).items()
    if name.script:
        branches.append(("name_skeleton", _same_consonants(name)))
    matches: dict[int, None] = {}
    for form, which in branches:
        # In the order of the index that is read: for the first by date, all would be read and sorted.
        ids = records.filter(which).order_by(form, "pk").values_list("pk", flat=True)
        matches |= dict.fromkeys(ids[: most - len(matches)])
    return list(matches)


def _same_consonants(name: Name) -> Q:
    """The condition that a name has the same consonants; only for whole names."""
    if not (name.is_whole and name.is_readable):
        return Q(pk__in=())
    return Q(name_skeleton__in=[name.skeleton, *name.more_skeletons])


# --- By contact ---------------------------------------------------------------------------------------


def find_by_contact(text: str) -> FoundPage:
    """The learners with exactly this phone or e-mail, or attached to a person who has it."""
    keys = dict.fromkeys(
        key for which in contact_conditions(phone=text, email=text) for key in _keys(which)
    )
    return FoundPage(learners(list(keys)[:LEARNERS]))


def contact_conditions(*, phone: str, email: str) -> Iterator[Q]:
    """The conditions under which a record is found by these contacts, each with a separate index."""
    phones, address = parse_phones(phone), parse_email(email).value
    numbers = phones.valid
    if others := (*numbers, *phones.invalid_digits):
        yield Q(second_phone__in=others)
    if numbers:
        yield Q(phone_normalized__in=numbers)
        profiles = LearnerProfile.objects.filter(phone_normalized__in=numbers)
        if users := list(profiles.values_list("user_id", flat=True)[:MOST_PEOPLE]):
            yield Q(user__in=users)
        leads = CrmLead.objects.filter(phone_normalized__in=numbers)
        if ids := list(leads.values_list("pk", flat=True)[:MOST_PEOPLE]):
            yield Q(lead__in=ids)
    if address:
        yield Q(email_normalized=address)
        leads = CrmLead.objects.filter(email_normalized=address)
        if ids := list(leads.values_list("pk", flat=True)[:MOST_PEOPLE]):
            yield Q(lead__in=ids)


# --- What was found -----------------------------------------------------------------------------------


def learners(keys: Iterable[str]) -> list[FoundLearner]:
    """These learners with their records, in the given order."""
    records: dict[str, list[ImportedRecord]] = {key: [] for key in keys}
    if not records:
        return []
    for model in MODELS:
        of_learners: Any = model._default_manager.filter(learner_key__in=records)
        for record in of_learners:
            records[record.learner_key].append(record)
    read_courses(record for of_learner in records.values() for record in of_learner)
    return [FoundLearner(key, of_learner) for key, of_learner in records.items() if of_learner]


def _keys(which: Q) -> list[str]:
    """The learner keys of some records of each kind that meet the condition.

    Unordered: for the first by id, a server may read the whole table in that order.
    """
    keys: set[str] = set()
    for model in MODELS:
        matches: Any = model._default_manager.filter(which)
        keys |= set(matches.values_list("learner_key", flat=True)[:ROWS_PER_QUERY])
    return sorted(keys)[:LEARNERS]
