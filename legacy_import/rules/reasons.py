"""Every reason that a plan can give, in words. Codes are stored; words are for people."""


def _(words: str) -> str:
    """Marks words for the catalogues; they are translated where they are shown."""
    return words


REASONS: dict[str, str] = {
    # commit_policy: what will be done
    "history": _("completed or archived history with a mapped course"),
    "history_of_known_person": _("the same, attached to a known person"),
    "registration": _("registration in a session that is confirmed as real"),
    "registration_of_known_person": _("the same, attached to a known person"),
    "known_person": _("one existing person matches beyond doubt, or a reviewer linked the row"),
    "same_person_in_run": _("the same person as an earlier row of this run"),
    "new_lead": _("valid, reachable, and no one on the platform matches"),
    "new_lead_anyway": _("a reviewer wants a lead although no contact is trustworthy"),
    "history_added": _("history of a row that was imported as something else before"),
    "registration_added": _("registration of a row that was imported as something else before"),
    "already_imported": _("an earlier run created a record from this row, or linked it"),
    "interest_again": _("its lead gets the course interest again that was deleted"),
    "change_acknowledged": _("imported before; a reviewer saw how the source row changed since"),
    "reviewer_skip": _("a reviewer decided to skip it"),
    "erased_on_request": _("the person was erased on request"),
    # commit_policy: what waits for a person
    "reviewer_later": _("a reviewer postponed it"),
    "already_imported_changed": _("imported before, and the source row changed since"),
    "imported_deleted": _("imported before, and deleted on the platform since"),
    "row_is_another_person": _("its number was another person's when that person was imported"),
    "status_unknown": _("the rules do not know this status"),
    "not_validated": _("the row was never validated"),
    "session_not_confirmed": _("the session is not confirmed as real yet"),
    "person_has_history": _("the same person was trained or registered in another row"),
    "group_conflict": _("rows that look like one person contradict each other"),
    "first_of_group_waits": _("the first row of the same person has no lead to be linked to"),
    "contact_not_trustworthy": _("no phone or e-mail that is this person's own"),
    "medium_match": _("same name and birth date, or same name and raw phone, as a known person"),
    "low_match": _("a similar name to a known person"),
    # what changed since the plan
    "decision_changed": _("a reviewer decided about the row since the plan"),
    "source_row_changed": _("the source row was imported again since the plan, and it changed"),
    "course_mapping_changed": _("the mapping of the row's course changed since the plan"),
    "session_mapping_changed": _("the mapping of the row's session changed since the plan"),
    "status_mapping_changed": _("the meaning of the row's status was changed since the plan"),
    "target_edited": _("the person to whom the row was to be linked was edited since the plan"),
    "target_gone": _("the person to whom the plan links the row is no longer on the platform"),
    "new_person": _("a new person on the platform has the same phone or e-mail"),
    "first_of_group_left_out": _("the first row of the same person was not committed"),
    "person_group_changed": _("the rows of the same person are grouped differently since the plan"),
    "answer_changed": _("something else changed, and the rules now give another answer"),
    # duplicates: why a high match may not link by itself
    "shared_contact_other_name": _("same phone or e-mail as a known person of another name"),
    "likely_same_person": _("most likely one known person: name and birth date agree"),
    "likely_other_person": _(
        "most likely not the person who has this contact: name and birth date differ"
    ),
    "name_missing": _("no name, or one that cannot be read"),
    "name_incomplete": _("same contact, but only one word of the name to compare"),
    "name_only_similar": _(
        "same contact, but a name that is only similar, and no birth date that settles it"
    ),
    "name_in_other_script": _("same contact, the name in another script and not known in both"),
    "birth_date_conflict": _("same contact as a known person with another birth date"),
    "hot_key": _("a phone or e-mail that many different people have"),
    "role_mailbox": _("a school's or shop's mailbox, not a person's"),
    "person_gone": _("the person the row was to be linked to is no longer on the platform"),
    "person_inactive": _("the account of the person who matches is deactivated"),
    "several_targets": _("more than one known person matches"),
    # import_action: why no training record can be made
    "session_waiting": _("the session is a waiting list or placeholder"),
    "session_unknown": _(
        "the session is not on the old platform, or its code is about waiting in other words"
    ),
    "session_missing": _("a registration without a session"),
    "course_unmapped": _("the old course is not mapped to one of the platform's"),
    "course_no_equivalent": _("a reviewer decided that the platform has no such course"),
    "formation_not_in_source": _("the row refers to a course that the old catalogue does not have"),
    "formation_missing": _("the row refers to no course"),
    "course_kept_by_name": _("a registration in a course of which only the old name is kept"),
    "formation_session_conflict": _("the row's course is not the course of its session"),
    # validation: structural doubts
    "source_row_gone": _("a newer import did not find the row in the old database any more"),
    "deleted_at_source": _("the row is deleted on the old platform"),
    "course_deleted_at_source": _("the row's course is deleted on the old platform"),
    "session_deleted_at_source": _("the row's session is deleted on the old platform"),
    "name_test": _("a name that was typed to try the form out"),
    "unreadable": _("text in an unknown encoding"),
    "erased": _("erased on request"),
    "birth_date_impossible": _("an impossible birth date"),
    "birth_date_future": _("a birth date in the future"),
    "text_damaged": _("letters were lost"),
    "name_unreadable": _("a part of the name cannot be read"),
    "names_contradict": _("the full name is not the first and last name"),
    "formation_id_invalid": _("the course reference is not a number"),
    "session_id_invalid": _("the session reference is not a number"),
}
