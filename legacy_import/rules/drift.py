"""What can change between a plan and its commit: such a row is not committed, and its cause is recorded
(docs/decisions/0030).
"""

from enum import StrEnum


class Drift(StrEnum):
    """Why a planned row is not committed. In words: rules.reasons."""

    DECISION = "decision_changed"
    SOURCE_ROW = "source_row_changed"
    SOURCE_ROW_GONE = "source_row_gone"
    COURSE_MAPPING = "course_mapping_changed"
    SESSION_MAPPING = "session_mapping_changed"
    STATUS_MAPPING = "status_mapping_changed"
    TARGET_GONE = "target_gone"
    TARGET_EDITED = "target_edited"
    TARGET_INACTIVE = "person_inactive"
    FIRST_LEFT_OUT = "first_of_group_left_out"
    PERSON_GROUP = "person_group_changed"
    ALREADY_IMPORTED = "already_imported"
    IMPORTED_DELETED = "imported_deleted"
    ANOTHER_PERSON = "row_is_another_person"
    ANSWER = "answer_changed"  # a row of its group changed, or something else the rules look at
    NEW_PERSON = "new_person"


# The versions that a plan rests on → what it means when one of them is another now, in the order of
# evaluation: a reviewer's decision explains best why a row has changed.
CAUSE_OF_VERSION = {
    "said": Drift.DECISION,
    "row": Drift.SOURCE_ROW,
    "status": Drift.STATUS_MAPPING,
    "course": Drift.COURSE_MAPPING,
    "session": Drift.SESSION_MAPPING,
}
