"""Column names as they are compared: one spelling, with and without the noun of its table."""

import re
import unicodedata


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEARNER = _words(
    "stagiaire stag stg etudiant etud etu eleve elv apprenant candidat inscrit participant student"
    " learner trainee"
)
_PERSON = _words("adherent client membre person personne user utilisateur prospect")
_COURSE = _words("formation form frm cours course module filiere specialite programme training")
_COHORT = _words("session sess ecoin groupe group promotion promo cohorte classe")

# Table → words for one of its rows, which add nothing to the name of a column: `nom_stagiaire`.
NOUNS = {
    "stagiaires": _LEARNER | _PERSON,
    "archives": _LEARNER | _PERSON | {"archive"},
    "formations": _COURSE,
    "session_ecoins": _COHORT,
}
# The same for an id. `user_id` refers to a user, and `stagiaire_id` of an archived row to a learner.
ID_NOUNS = {**NOUNS, "stagiaires": _LEARNER, "archives": frozenset({"archive"})}
_PREFIXES = _words("t tb tbl table")
_CONNECTORS = _words("d de des du l la le les of the")

_HUMP = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[\W_]+")


def fold(name: str) -> str:
    """A column name without case, accents and other separators: `Prénom ` → `prenom`."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _NO_NAME.sub("_", plain).strip("_")


def spellings(name: str) -> tuple[str, ...]:
    """The folded name, and the same with its humps as words: `dateNaissance` → `date_naissance`."""
    return tuple(dict.fromkeys((fold(name), fold(_HUMP.sub("_", name)))))


def is_spelled(column: str, accepted: str) -> bool:
    """Whether the column has an accepted name; `idFiliere` and `idfiliere` have `id_filiere`."""
    joined = accepted.replace("_", "")
    return any(spelling.replace("_", "") == joined for spelling in spellings(column))


def without_noun(folded: str, nouns: frozenset[str]) -> str:
    """The name without the nouns at its ends: `nom_de_l_etudiant` → `nom`. "" if nothing is left."""
    words = folded.split("_")
    while words and (words[0] in _PREFIXES or _is_noun(words[0], nouns)):
        words = words[1:]
    dropped = False
    while words and (_is_noun(words[-1], nouns) or (dropped and words[-1] in _CONNECTORS)):
        words, dropped = words[:-1], True
    return "_".join(words)


def _is_noun(word: str, nouns: frozenset[str]) -> bool:
    return word in nouns or word.removesuffix("s") in nouns
