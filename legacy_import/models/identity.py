"""The identity keys of users, leads and staged rows, in one table with one covering index."""

from django.db import models

from ecoin.fields import AsciiField
from legacy_import.choices import PersonKind

# The columns of IdentityKey and of CandidatePair, in the order in which they are written.
KEY_COLUMNS = ("scope", "owner_kind", "owner_id", "kind", "value")
PAIR_COLUMNS = ("legacy_import_run_id", "row_id", "other_kind", "other_id", "kind", "value")
PLATFORM = 0  # the scope of users and leads; a staged row's scope is its run


class IdentityKey(models.Model):
    """One key of one person: kind and value as built by ecoin.identity.keys.

    Clustered by owner, the order of insertion; queries by value use the covering index.
    """

    pk = models.CompositePrimaryKey("scope", "owner_kind", "owner_id", "kind", "value")
    scope = models.BigIntegerField()  # PLATFORM, or the run's id
    owner_kind = AsciiField(max_length=8, choices=PersonKind)
    owner_id = models.BigIntegerField()
    kind = AsciiField(max_length=1)
    value = AsciiField(max_length=190)

    class Meta:
        db_table = "legacy_identity_keys"
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["scope", "kind", "value", "owner_kind", "owner_id"],
                name="legacy_identity_by_value",
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner_kind}:{self.owner_id}:{self.kind}"


class HotKey(models.Model):
    """A key value with too many carriers in a run to be joined pairwise.

    `hot`: too many different people share it, so it identifies no one. Otherwise one name has it many
    times (a test row typed a thousand times): each carrier is compared with the first only.
    """

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.CASCADE)
    kind = AsciiField(max_length=1)
    value = AsciiField(max_length=190)
    people = models.PositiveIntegerField()  # number of carriers, users and leads included
    names = models.PositiveIntegerField()  # number of their distinct name skeletons
    hot = models.BooleanField()
    first_row = models.BigIntegerField(null=True)  # the staged row that represents the others

    class Meta:
        db_table = "legacy_hot_keys"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "kind", "value"], name="legacy_hot_key_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ×{self.people}"


class CandidatePair(models.Model):
    """A staged row and a person with the same key, to be compared (record linkage).

    Written by blocking and read by matching, in the order of the rows; deleted after the validation.
    """

    pk = models.CompositePrimaryKey(*PAIR_COLUMNS)
    legacy_import_run = models.ForeignKey(
        "LegacyImportRun", on_delete=models.CASCADE, db_index=False
    )
    row_id = models.BigIntegerField()
    other_kind = AsciiField(max_length=8, choices=PersonKind)
    other_id = models.BigIntegerField()
    kind = AsciiField(max_length=1)
    value = AsciiField(max_length=190)

    class Meta:
        db_table = "legacy_candidate_pairs"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.row_id} ~ {self.other_kind}:{self.other_id}"


class PersonEdge(models.Model):
    """Two staged rows of a run that are one person or may be; groups are built from these."""

    legacy_import_run = models.ForeignKey("LegacyImportRun", on_delete=models.CASCADE)
    left_id = models.BigIntegerField()  # staged row ids, left < right
    right_id = models.BigIntegerField()
    relation = AsciiField(max_length=16)  # rules.in_run.Relation

    class Meta:
        db_table = "legacy_person_edges"
        default_permissions = ()
        indexes = [
            models.Index(fields=["legacy_import_run", "right_id"], name="legacy_edge_by_right")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_import_run", "left_id", "right_id"], name="legacy_edge_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.left_id} ~ {self.right_id}: {self.relation}"
