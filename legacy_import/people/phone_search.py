"""A person found by full phone number: exact, and valid as proof for one row and one reviewer."""

from dataclasses import dataclass

from django.core import signing
from django.utils.translation import gettext_noop as _

from ecoin.identity.phones import parse_phones
from legacy_import.errors import LegacyImportError
from legacy_import.people.contact import Contact
from legacy_import.people.platform import contacts_of, people_with_phone
from legacy_import.rules.duplicates import Target

SALT = "legacy_import.people_search"
HOURS_VALID = 8  # a working day with the page open
MAX_FOUND = 10


class NoPhone(LegacyImportError):
    """What was typed is not one full phone number."""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A user or lead who carries the number, and what lets the row be linked to them."""

    target: Target
    contact: Contact
    proof: str


def find_people(*, row_id: int, phone: str, actor_id: int) -> list[FoundPerson]:
    """Who carries exactly this number. Raises NoPhone; nothing is stored."""
    if len(parse_phones(phone).valid) != 1:
        raise NoPhone(_("Type one full phone number; parts of one find no one."))
    targets = people_with_phone(phone)[:MAX_FOUND]
    contacts = contacts_of(targets)
    return [
        FoundPerson(target, contacts[target], _proof(row_id, target, actor_id))
        for target in targets
        if target in contacts
    ]


def is_proven(proof: str, row_id: int, target: Target, actor_id: int) -> bool:
    """Whether this reviewer found this person for this row."""
    try:
        content = signing.loads(proof, salt=SALT, max_age=HOURS_VALID * 3_600)
    except signing.BadSignature:
        return False
    return bool(content == [row_id, *target, actor_id])


def _proof(row_id: int, target: Target, actor_id: int) -> str:
    return signing.dumps([row_id, *target, actor_id], salt=SALT)
