"""What an operator may have to set in LEGACY_SCHEMA_FILE: likely columns, never taken by themselves."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from legacy_import.source.column_names import NOUNS, spellings, without_noun

SIMILAR = 0.72  # of the letters of two names, from which one may be a misspelling of the other

# Names that may be a field, or something else.
LIKELY = {
    "last_name": ("family", "nom_fr", "nom_latin", "nom_ar"),
    "first_name": ("pre_nom", "prenom_fr", "prenom_latin", "prenom_ar"),
    "full_name": ("identite", "designation", "libelle", "intitule"),
    "phone": ("contact", "numero", "num", "cel", "cellulaire", "whatsapp", "fixe", "appel"),
    "email": ("adresse", "contact_mail", "login", "messagerie"),
    "birth_date": ("ne_le", "nee_le", "date_n", "date_de_n", "annee_naissance", "age"),
    "status": ("avancement", "suivi", "position", "decision", "resultat", "type", "statue"),
    "formation_id": ("formation", "cours", "course", "module", "filiere", "specialite"),
    "session_id": ("session", "groupe", "promotion", "promo", "classe"),
    "created_at": ("date", "cree_le", "inscrit_le", "enregistre_le", "timestamp"),
    "completed_at": ("date_diplome", "date_delivrance", "fin", "termine_le"),
    "name": ("module", "cours", "filiere", "specialite", "code", "description"),
    "code": ("numero", "num", "session", "groupe", "intitule", "designation"),
    "start_date": ("date", "du", "commence_le", "ouverture"),
    "end_date": ("au", "cloture", "termine_le"),
}

# Words in the name of a column that may change what its row means.
MEANINGFUL = {
    "is not active": "actif active inactif inactive enabled disabled desactive",
    "was cancelled": "annule annulee cancelled canceled annulation abandon abandonne",
    "is blocked or suspended": "bloque blocked suspendu suspended banni banned",
    "is a draft or a test": "brouillon draft test demo",
    "was merged into another": "fusionne merged doublon duplicate",
    "was never confirmed": "valide validated verified confirme approved approuve",
}
# Parts of the names of columns that show whether a row is deleted.
_DELETION = ("suppr", "delet", "effac", "corbeil", "trash", "remove", "poubelle", "محذوف")
_DELETION_WORDS = frozenset({"del", "supp"})
# Words of people around the learner, and of an account: neither a name nor a phone of the learner.
_OTHERS = frozenset({
    "pere", "mere", "tuteur", "tutrice", "parent", "parents", "father", "mother", "guardian", "urgence",
    "responsable", "conjoint", "user", "username", "utilisateur", "login",
})  # fmt: skip
_PERSONAL = frozenset({"last_name", "first_name", "full_name", "phone"})
_MEANING = {word: meaning for meaning, words in MEANINGFUL.items() for word in words.split()}


def likely_column(
    table: str, field: str, accepted: Iterable[str], columns: Iterable[str]
) -> str | None:
    """The column whose name is nearest to a field that has none; None if no name is near."""
    names = (*accepted, *LIKELY.get(field, ()))
    columns = [column for column in columns if _may_be(field, column)]
    scores = {column: _likeness(table, column, names) for column in columns}
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] >= SIMILAR else None


def toml(table: str, columns: Mapping[str, str]) -> str:
    """The lines of LEGACY_SCHEMA_FILE that take these columns (field → column)."""
    lines = [f"{field} = {_quoted(column)}" for field, column in columns.items()]
    return "\n".join([f"[{table}]", *lines])


def meaning_of(column: str) -> str | None:
    """What a row may be because of such a column ("was cancelled"); None for most columns."""
    if _says_deleted(column):
        return "is deleted"
    return next((_MEANING[word] for word in _words(column) if word in _MEANING), None)


def is_account_name(column: str) -> bool:
    """Whether it is a login rather than the name of a person: `nom_utilisateur`, `user_name`."""
    return bool({"user", "utilisateur"} & set(_words(column)))


def _words(column: str) -> list[str]:
    return [word for spelling in spellings(column) for word in spelling.split("_")]


def _says_deleted(column: str) -> bool:
    return any(part in spellings(column)[0] for part in _DELETION) or not (
        _DELETION_WORDS.isdisjoint(_words(column))
    )


def _may_be(field: str, column: str) -> bool:
    """Whether a column may be the field at all, however alike their names are."""
    if _says_deleted(column) or field == "deleted_at":
        return field == "deleted_at" and _says_deleted(column)
    return field not in _PERSONAL or _OTHERS.isdisjoint(_words(column))


def _likeness(table: str, column: str, names: Iterable[str]) -> float:
    whole = spellings(column)
    parts = {*whole, *(without_noun(spelling, NOUNS[table]) for spelling in whole)} - {""}
    return max((_similar(part, name) for part in parts for name in names), default=0.0)


def _similar(spelling: str, name: str) -> float:
    """1 for equal names; a little less where all words of a name are in the column's, in any order."""
    if spelling == name:
        return 1.0
    words, of_name = set(spelling.split("_")), set(name.split("_"))
    if of_name <= words and len(name) >= 3:
        return 0.9 + 0.05 * len(of_name) / len(words)
    return (
        SequenceMatcher(None, spelling, name).ratio() if min(len(spelling), len(name)) > 3 else 0.0
    )


def _quoted(column: str) -> str:
    escaped = column.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
