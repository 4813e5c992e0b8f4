"""Who was erased on request: a later import stages their rows without contents.

A row number may be given to another person, so an erasure stores the digest of the erased row
(rules/row_digest.py) and covers a row with this number only while it is the same person.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ecoin.identity.masking import mask_text
from legacy_import.choices import Classification, ErasureKind, SessionType
from legacy_import.models import LegacyErasureLog
from legacy_import.rules.normalization import NormalizedLearner
from legacy_import.rules.row_digest import row_digest, same_person
from legacy_import.rules.statuses import classify
from legacy_import.rules.validation import ERASED

SourceRow = tuple[str, str]  # source table, legacy id


class ErasedPerson(NamedTuple):
    """Who an erased row was, and the hash of its payload: columns of the erasure log."""

    row_digest: str
    payload_hash: str

    def is_same(self, digest: str, payload_hash: str) -> bool:
        """Whether a row with the same number is the same person.

        If one of the two has nothing that distinguishes people, they are treated as one.
        """
        return (
            payload_hash == self.payload_hash
            or not digest
            or not self.row_digest
            or same_person(digest, self.row_digest)
        )


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """The rows of one source whose people were erased: a few, so that all of them are loaded."""

    erasures: Mapping[SourceRow, frozenset[ErasedPerson]]

    def covers(self, row: SourceRow, payload_hash: str, learner: NormalizedLearner) -> bool:
        """Whether this source row is of an erased person."""
        erasures = self.erasures.get(row)
        if not erasures:
            return False
        now = row_digest(
            learner.name_key,
            learner.birth_date,
            learner.phone_raw,
            learner.phone_normalized,
            learner.email_normalized,
        )
        return any(person.is_same(now, payload_hash) for person in erasures)


def erased_rows(connection_name: str) -> ErasedRows:
    """The erased rows of this source."""
    log = LegacyErasureLog.objects.filter(kind=ErasureKind.SUBJECT, connection_name=connection_name)
    erasures: defaultdict[SourceRow, set[ErasedPerson]] = defaultdict(set)
    columns = log.values_list("source_table", "legacy_id", "row_digest", "payload_hash")
    for table, legacy_id, digest, payload_hash in columns:
        erasures[table, legacy_id].add(ErasedPerson(digest, payload_hash))
    return ErasedRows({row: frozenset(digests) for row, digests in erasures.items()})


def erased_learner(learner: NormalizedLearner) -> NormalizedLearner:
    """What is staged of an erased person: the references and a status that is a word of the rules."""
    return learner._replace(
        first_name="",
        last_name="",
        full_name="",
        name_key="",
        birth_date=None,
        phone_raw="",
        phone_normalized=None,
        email_raw="",
        email_normalized=None,
        raw_status=impersonal_status(learner.raw_status),
        legacy_formation_id=impersonal_reference(learner.legacy_formation_id),
        legacy_session_id=impersonal_reference(learner.legacy_session_id),
        keys=(),
        issues=(ERASED,),
    )


def impersonal_status(raw_status: str) -> str:
    """The status if the rules know it; "" for free text, which may be about the person."""
    has_meaning = classify(raw_status, SessionType.NONE).classification != Classification.UNKNOWN
    return raw_status if has_meaning else ""


def impersonal_reference(reference: str | None) -> str | None:
    """The number of a course or session, unless it is long enough to be a phone."""
    return reference if mask_text(reference) == (reference or "") else None
