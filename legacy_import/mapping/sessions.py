"""A person says what an old session is. Ids 1, 2 and 235 can never become real."""

import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet

from legacy_import.choices import SessionType
from legacy_import.mapping.decisions import (
    MappingChange,
    MappingRefused,
    clean_note,
    lock_open_runs,
    log_decision,
    mark_affected_rows,
    require_same_mappings,
    require_version,
    stamp_of,
)
from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacySessionMapping
from legacy_import.rules.sessions import PLACEHOLDER_IDS, SessionKind, classify_session

REAL = "session:real"
ANSWERS = (SessionType.REAL_SESSION, SessionType.WAITING_PLACEHOLDER, SessionType.UNKNOWN)


def confirm_session(
    *,
    mapping_id: int,
    session_type: str,
    reason: str,
    version: int,
    actor: User,
    now: datetime.datetime,
) -> MappingChange:
    """The session is real, a waiting list, or nobody can tell. The rule's own name is kept.

    Raises MappingRefused for a real 1, 2 or 235, another type than these three, an answer that
    contradicts the rule without a reason, or while a run of the source is being classified;
    HoldsContact for an unfit reason; MappingChangedMeanwhile when somebody was faster.
    """
    if session_type not in ANSWERS:
        raise MappingRefused("no_such_type", "A session is real, a waiting list, or unknown.")
    kept = clean_note(reason)
    with transaction.atomic():
        runs, mapping = _locked(mapping_id, version, now)
        _require_possible(mapping, SessionType(session_type), kept)
        mapping.session_type = session_type
        mapping.confirmed_by, mapping.confirmed_at, mapping.reason = actor, now, kept
        mapping.version += 1
        mapping.save()
        log_decision([mapping], session_type, kept, actor)
        return MappingChange(
            1, mark_affected_rows(runs, rows_of_sessions([mapping.legacy_session_id]))
        )


def take_back(
    *, mapping_id: int, version: int, actor: User, now: datetime.datetime, reason: str = ""
) -> MappingChange:
    """What a person said no longer counts; the rule answers again. Raises as `confirm_session`."""
    kept = clean_note(reason)
    with transaction.atomic():
        runs, mapping = _locked(mapping_id, version, now)
        if mapping.confirmed_at is None:
            raise MappingRefused("nobody_judged", "Nobody has judged this mapping yet.")
        mapping.session_type, mapping.rule = rule_of(mapping)
        mapping.confirmed_by, mapping.confirmed_at, mapping.reason = None, None, ""
        mapping.version += 1
        mapping.save()
        log_decision([mapping], "taken_back", kept, actor)
        return MappingChange(
            1, mark_affected_rows(runs, rows_of_sessions([mapping.legacy_session_id]))
        )


def real_unconfirmed(connection_name: str) -> QuerySet[LegacySessionMapping]:
    """The sessions that the rules call real and nobody has confirmed yet."""
    return LegacySessionMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        session_type=SessionType.REAL_SESSION,
        rule=REAL,
        confirmed_at=None,
    ).exclude(legacy_session_id__in=PLACEHOLDER_IDS)


def real_stamp(connection_name: str) -> tuple[int, str]:
    """How many sessions `confirm_real_sessions` would confirm, and the stamp that names them."""
    mappings = list(real_unconfirmed(connection_name).values_list("pk", "version"))
    return len(mappings), stamp_of(mappings)


def confirm_real_sessions(
    *,
    connection_name: str,
    expected: int,
    stamp: str,
    reason: str,
    actor: User,
    now: datetime.datetime,
) -> MappingChange:
    """Confirm every session that the rules call real, if they still are the `expected` ones.

    Raises MappingChangedMeanwhile when they are not, MappingRefused as `confirm_session`.
    """
    kept = clean_note(reason)
    with transaction.atomic():
        runs = lock_open_runs(connection_name, now)
        mappings = list(real_unconfirmed(connection_name).order_by("pk").select_for_update())
        require_same_mappings(mappings, expected, stamp)
        LegacySessionMapping.objects.filter(pk__in=[mapping.pk for mapping in mappings]).update(
            confirmed_by=actor, confirmed_at=now, reason=kept, version=F("version") + 1
        )
        log_decision(mappings, SessionType.REAL_SESSION.value, kept, actor)
        ids = [mapping.legacy_session_id for mapping in mappings]
        return MappingChange(len(mappings), mark_affected_rows(runs, rows_of_sessions(ids)))


def rule_of(mapping: LegacySessionMapping) -> SessionKind:
    """What the rules say of the session, whatever a person said."""
    formations = LegacyCourseMapping.objects.filter(
        connection_name=mapping.connection_name,
        in_source=True,
        legacy_formation_id=mapping.legacy_formation_id or "",
    )
    return classify_session(
        legacy_id=mapping.legacy_session_id,
        code=mapping.legacy_code,
        formation_id=mapping.legacy_formation_id,
        formations=set(formations.values_list("legacy_formation_id", flat=True)),
    )


def rows_of_sessions(ids: list[str]) -> Q:
    """The staged rows that name these sessions."""
    return Q(legacy_session_id__in=ids)


def _locked(
    mapping_id: int, version: int, now: datetime.datetime
) -> tuple[list[LegacyImportRun], LegacySessionMapping]:
    source = LegacySessionMapping.objects.values_list("connection_name", flat=True)
    runs = lock_open_runs(source.get(pk=mapping_id), now)
    mapping = LegacySessionMapping.objects.select_for_update().get(pk=mapping_id)
    require_version(mapping, version)
    return runs, mapping


def _require_possible(
    mapping: LegacySessionMapping, session_type: SessionType, reason: str
) -> None:
    if session_type == SessionType.REAL_SESSION and mapping.legacy_session_id in PLACEHOLDER_IDS:
        raise MappingRefused(
            "placeholder_id", f"Session {mapping.legacy_session_id} can never become a real one."
        )
    if session_type != rule_of(mapping).session_type and not reason:
        raise MappingRefused(
            "reason_missing", "An answer that contradicts the rule needs a reason."
        )
