"""People as a table of the platform stores them, and their identity. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date

from ecoin.identity.emails import is_role_mailbox, parse_email
from ecoin.identity.keys import Key, identity_keys
from ecoin.identity.names import parse_name, parse_name_as_written
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import.conf import ImportConf
from legacy_import.rules.duplicates import Person


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a table stores them: the parts of their identity, before normalization."""

    name: str
    phone: str
    email: str
    birth_date: date | None
    origin: str = ""  # of a lead that an import created
    active: bool = True  # False: a deactivated account

    @property
    def fingerprint(self) -> str:
        """A plan remembers it: it changes when any part of the identity changes."""
        text = f"{self.name}\n{self.phone}\n{self.email}\n{self.birth_date}"
        text += "" if self.active else "\ninactive"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PlatformPerson:
    """A user or lead ready to be compared. `origin`: of a lead that an import created."""

    person: Person
    origin: str
    active: bool = True


def person_of(name: str, email: str | None, born: date | None, conf: ImportConf) -> Person:
    """Whom a comparison sees: the folded name, the birth date, and whether the mailbox is shared."""
    parsed, fold_in_order = parse_name_as_written(name)
    role = bool(email) and is_role_mailbox(email or "", conf.role_mailboxes)
    return Person(
        fold=parsed.fold,
        skeleton=parsed.skeleton,
        birth_date=born,
        email_is_role=role,
        fold_in_order=fold_in_order,
        script=parsed.script,
    )


def keys(contact: Contact, conf: ImportConf) -> tuple[Key, ...]:
    """The identity keys of a contact, by the platform's own normalizers."""
    email = parse_email(
        contact.email, placeholders=conf.placeholder_emails, role_mailboxes=conf.role_mailboxes
    )
    return identity_keys(
        name=parse_name(contact.name),
        phones=parse_phones(contact.phone),
        email=email,
        birth_date=contact.birth_date,
        phone_digits=raw_digits(contact.phone),
    )
