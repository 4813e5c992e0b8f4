"""The tables of the import, grouped by purpose."""

from legacy_import.models.identity import (
    KEY_COLUMNS,
    PAIR_COLUMNS,
    PLATFORM,
    CandidatePair,
    HotKey,
    IdentityKey,
    PersonEdge,
)
from legacy_import.models.ledger import (
    ChunkAttempt,
    ChunkFailure,
    ChunkReceipt,
    LegacyAccessLog,
    LegacyErasureLog,
    LegacyImportCommitLog,
    LegacyReviewBulk,
    LegacyReviewDecision,
)
from legacy_import.models.mapping import (
    MAPPING_MODELS,
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
    MappingTotals,
    MappingWeight,
    SourceMapping,
)
from legacy_import.models.review import (
    FACETS,
    FacetCount,
    ReviewClaim,
    SavedFilter,
)
from legacy_import.models.run import LegacyImportRun
from legacy_import.models.staging import (
    ISSUES_AS_TEXT,
    NO_EVIDENCE,
    LegacyStudentImport,
    LegacyTrainingImport,
    number_suffix,
)
