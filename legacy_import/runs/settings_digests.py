"""The settings that rules read: a run keeps a digest of each, as it was when a stage used it.

A digest, because some of them are addresses. One for each setting, so that a refusal can state which
of them changed.
"""

import hashlib
from collections.abc import Mapping

from legacy_import.choices import RunStatus, Stage
from legacy_import.conf import ImportConf, import_conf
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportRun

DIGEST_LENGTH = 16  # hexadecimal digits

# Stage → the settings that its results depend on (docs/decisions/0067).
CONTACT_SETTINGS = ("LEGACY_IMPORT_PLACEHOLDER_EMAILS", "LEGACY_IMPORT_ROLE_MAILBOXES")
HOT_KEY_SETTINGS = ("LEGACY_IMPORT_HOT_KEY_ROWS", "LEGACY_IMPORT_HOT_KEY_NAMES")
SETTINGS_OF_STAGE: Mapping[Stage, tuple[str, ...]] = {
    Stage.IMPORT: CONTACT_SETTINGS,
    Stage.VALIDATE: CONTACT_SETTINGS + HOT_KEY_SETTINGS,
}
# The next stage of such a run requires the settings of its validation.
REST_ON_SETTINGS = (
    RunStatus.VALIDATED, RunStatus.CLASSIFIED, RunStatus.PLANNED, RunStatus.COMMITTING,
)  # fmt: skip


def digests_now(stage: Stage) -> dict[str, str]:
    """Setting → digest of its value in this process, for the settings of the stage."""
    values = _values(import_conf())
    return {name: _digest(values[name]) for name in SETTINGS_OF_STAGE[stage]}


def remember_settings(run: LegacyImportRun, stage: Stage) -> None:
    """Note, without saving, that the stage used the settings of this process."""
    run.settings_digests = {**run.settings_digests, stage.value: digests_now(stage)}


def changed_settings(run: LegacyImportRun, stage: Stage) -> tuple[str, ...]:
    """The settings that are others now than when the stage was done; all if it noted none."""
    before = run.settings_digests.get(stage.value, {})
    return tuple(name for name, digest in digests_now(stage).items() if before.get(name) != digest)


def require_settings_of_validation(run: LegacyImportRun) -> None:
    """Raise OutOfOrder if a setting that the validation read is another one now."""
    if run.validated_at is None:
        return  # the order of the stages is checked elsewhere
    settings = changed_settings(run, Stage.VALIDATE)
    if settings:
        raise OutOfOrder(
            f"Run {run.pk} was validated under other settings: {', '.join(settings)} changed since.",
            hint=f"Validate it again: manage.py legacy_validate --run {run.pk}",
        )


def next_command(run: LegacyImportRun) -> str:
    """The `manage.py` command for the next stage: the validation if its settings are others now."""
    is_validated = run.status in REST_ON_SETTINGS and Stage.VALIDATE.value in run.settings_digests
    if is_validated and changed_settings(run, Stage.VALIDATE):
        return f"legacy_validate --run {run.pk}"
    return run.next_command


def _values(conf: ImportConf) -> dict[str, object]:
    return {
        "LEGACY_IMPORT_PLACEHOLDER_EMAILS": sorted(conf.placeholder_emails),
        "LEGACY_IMPORT_ROLE_MAILBOXES": sorted(conf.role_mailboxes),
        "LEGACY_IMPORT_HOT_KEY_ROWS": conf.hot_key_rows,
        "LEGACY_IMPORT_HOT_KEY_NAMES": conf.hot_key_names,
    }


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:DIGEST_LENGTH]
