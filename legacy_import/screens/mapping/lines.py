"""The lines of the mapping lists: a mapping as the screens show it, names masked."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.functional import Promise

from ecoin.identity.masking import mask_text
from legacy_import.choices import CourseMappingStatus
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.models import LegacyCourseMapping, MappingWeight
from legacy_import.models.mapping import TO_CONFIRM
from legacy_import.rules.sessions import PLACEHOLDER_IDS
from legacy_import.screens.mapping.words import (
    COURSE_STATES,
    DECISIONS,
    DELETED,
    RULES,
    SESSION_STATES,
)

OPEN = (CourseMappingStatus.SUGGESTED, CourseMappingStatus.UNMAPPED)
LISTED_DECISIONS = 20  # past decisions that the page of a mapping lists


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingLine:
    """What the lines of every kind show."""

    STATES: ClassVar[Mapping[str, tuple[Promise, str]]]  # words and colour of the pill
    name_is_code: ClassVar[bool] = False  # shown from left to right in every language

    pk: int
    legacy_id: str
    name: str
    rule: str
    by: str
    confirmed_at: datetime.datetime | None
    reason: str = ""
    in_source: bool
    deleted: bool  # on the old platform, and no person decided since
    version: int
    state: str
    weight: MappingWeight

    @classmethod
    def of(cls, mapping: Any, weight: MappingWeight) -> Self:
        """The line of a mapping with this weight."""
        return cls(
            pk=mapping.pk,
            legacy_id=mapping.legacy_id,
            name=mask_text(mapping.display_name),
            rule=mapping.rule,
            by=mapping.confirmed_by.get_username() if mapping.confirmed_by else "",
            confirmed_at=mapping.confirmed_at,
            in_source=mapping.in_source,
            deleted=mapping.deleted_at_source and mapping.confirmed_at is None,
            version=mapping.version,
            state=mapping.state,
            weight=weight,
            **cls.more(mapping),
        )

    @classmethod
    def more(cls, mapping: Any) -> dict[str, Any]:
        """The fields of this kind only."""
        return {}

    @property
    def words(self) -> str:
        return str(self.STATES[self.state][0])

    @property
    def pill(self) -> str:
        return self.STATES[self.state][1]

    @property
    def why(self) -> str:
        words = str(RULES.get(self.rule, ""))
        return f"{DELETED}; {words}" if self.deleted else words

    @property
    def one_click(self) -> str:
        """The decision that the list itself offers; "": none."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLine(MappingLine):
    """A formation of the old catalogue."""

    STATES: ClassVar[Mapping[str, tuple[Promise, str]]] = COURSE_STATES

    status: str
    course_id: int | None
    course: str  # name and code

    @classmethod
    def more(cls, mapping: LegacyCourseMapping) -> dict[str, Any]:
        course = mapping.course
        return {
            "status": mapping.status,
            "course_id": mapping.course_id,
            "course": f"{course.name} ({course.code})" if course else "",
        }

    @property
    def can_confirm(self) -> bool:
        """A course is suggested, and not confirmed yet."""
        return self.course_id is not None and self.status in OPEN

    @property
    def one_click(self) -> str:
        return "confirm" if self.can_confirm and self.in_source and not self.deleted else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine(MappingLine):
    """A session of the old platform."""

    STATES: ClassVar[Mapping[str, tuple[Promise, str]]] = SESSION_STATES
    name_is_code: ClassVar[bool] = True

    formation_id: str | None
    course: str  # its name in the old catalogue
    starts_on: str
    ends_on: str

    @classmethod
    def more(cls, mapping: Any) -> dict[str, Any]:
        return {
            "reason": mapping.reason,
            "formation_id": mapping.legacy_formation_id,
            "course": mapping.course_name,
            "starts_on": mapping.starts_on_raw,
            "ends_on": mapping.ends_on_raw,
        }

    @property
    def never_real(self) -> bool:
        return self.legacy_id in PLACEHOLDER_IDS

    @property
    def one_click(self) -> str:
        clear = self.state == TO_CONFIRM and not self.never_real and not self.deleted
        return "real_session" if clear else ""


class PastDecision(NamedTuple):
    """One decision in the log."""

    decision: str
    note: str
    by: str
    at: datetime.datetime

    @property
    def words(self) -> str:
        return str(DECISIONS.get(self.decision, ""))


def past_decisions(kind: MappingKind, pk: int) -> list[PastDecision]:
    """The last decisions about one mapping, the newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(kind.model), object_id=str(pk)
    )
    return [
        PastDecision(message.partition(": ")[0], message.partition(": ")[2], user, at)
        for message, user, at in entries.order_by("-pk").values_list(
            "change_message", "user__username", "action_time"
        )[:LISTED_DECISIONS]
    ]
