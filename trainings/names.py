"""The forms of a learner's name by which imported history is found, in either script."""

from typing import Final, NamedTuple

from ecoin.identity.names import parse_name

MAX_NAME_KEY: Final = 190  # characters of a stored form
ROTATIONS: Final = 3


class NameKeys(NamedTuple):
    """`rotations`: the name's fold, beginning with each of its first words; `skeleton`: its consonants.

    Each word, and each pair of words of a name of up to three, begins one of the rotations: so a part of
    a name is found by the beginning of an indexed column.
    """

    rotations: tuple[str, str, str]
    skeleton: str


def name_keys(name: str) -> NameKeys:
    """The forms of a name; "" where it has fewer words, or none that can be read."""
    parsed = parse_name(name)
    words = parsed.fold.split()
    places = range(min(len(words), ROTATIONS))
    forms = [" ".join(words[place:] + words[:place])[:MAX_NAME_KEY] for place in places]
    first, second, third = (*forms, "", "", "")[:ROTATIONS]
    return NameKeys((first, second, third), parsed.skeleton[:MAX_NAME_KEY])
