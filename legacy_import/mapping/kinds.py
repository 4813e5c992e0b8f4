"""The kinds of mappings. All kinds are decided, counted and listed in the same way."""

from legacy_import.mapping.conflicts import CONFLICTS
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.mapping.sessions import SESSIONS
from legacy_import.mapping.statuses import STATUSES

KINDS: tuple[MappingKind, ...] = (COURSES, SESSIONS, STATUSES, CONFLICTS)
