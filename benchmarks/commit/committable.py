"""A fictional old database nearly all of whose learners can be committed, in a realistic mix.

    python -m benchmarks.commit.committable people ROWS    who is on the platform already
    python -m benchmarks.commit.committable confirm        a person confirms every cohort that looks real

The demo's school (`legacy_demo`) sends every other row to a reviewer; a benchmark of the commit
wants rows that are committed. People, courses and cohorts are the demo's; dirt and siblings are left
out, and what the platform knows of a person is their phone.
"""

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import BinaryIO, NamedTuple, cast

import django

from benchmarks.servers import SEED
from legacy_import.demo import tables
from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import LegacyWorld, Row, SourceTable, generate
from legacy_import.demo.population import FictionalPerson, KnownPerson
from tests.database_server import DatabaseServer


class Kind(NamedTuple):
    """Some of the learners: `share` in a hundred. `is_known`: the platform has the person already."""

    what: str
    share: int
    statuses: tuple[str, ...]
    is_known: bool = False
    again: bool = False  # the person of an earlier lead, asking about another course


LEAD = ("Informer", "informer", "Ne répond pas", "nouveau")
COMPLETED = ("Formée", "FORMEE", "Archivé")
KINDS = (
    Kind("leads with an interest", 55, LEAD),
    Kind("leads of an earlier row's person", 2, LEAD, again=True),
    Kind("leads of a known person", 3, LEAD, is_known=True),
    Kind("completed trainings", 26, COMPLETED),
    Kind("completed trainings of a known person", 4, COMPLETED, is_known=True),
    Kind("registrations in a confirmed session", 10, ("Confirmer",)),
)
SHARES = [kind.share for kind in KINDS]
MIX = ", ".join(f"{kind.share} % {kind.what}" for kind in KINDS)
TAUGHT = {one.id for one in tables.FORMATIONS if one.match.startswith(("exact", "folded"))}
RESERVED = {one.id for one in tables.SPECIAL_SESSIONS}
ARCHIVED = "Archivé"
EARLIER = 500  # so many rows back, at most, lies the first row of a person who asks again


@dataclass(frozen=True)
class CommittableWorld(LegacyWorld):
    """The demo's school with other learners; the same for the same rows and seed."""

    def learners(self) -> Iterator[tuple[SourceTable, Row]]:
        """Every learner row: what is archived is in the second table."""
        places = [
            (row["formation_id"], row["id"])
            for row in self.sessions
            if row["formation_id"] in TAUGHT and row["id"] not in RESERVED
        ]
        for archives in (False, True):
            table: SourceTable = "archives" if archives else "stagiaires"
            for number, person, _, status in self._drawn():
                if (status == ARCHIVED) == archives:
                    row = _row(number, person, status, places[person.bits % len(places)])
                    yield table, row | ({"date_archive": "2023-06-30"} if archives else {})

    def known_people(self) -> Iterator[KnownPerson]:
        """Whom the platform has: users and leads, half of each."""
        for number, person, kind, _ in self._drawn():
            if kind.is_known:
                yield KnownPerson(
                    number, "user" if person.bits & 0x800 else "lead", person.first, person.last,
                    person.phone, "", date.fromisoformat(person.birth), "same phone",
                )  # fmt: skip

    def _drawn(self) -> Iterator[tuple[int, FictionalPerson, Kind, str]]:
        """Number, person, kind and status of each learner."""
        rng = Random(f"{self.seed}:{self.rows}:committable")
        leads: deque[int] = deque(maxlen=EARLIER)
        for number in range(self.rows):
            (kind,) = rng.choices(KINDS, SHARES)
            again = kind.again and bool(leads)
            of = leads[int(rng.random() * len(leads))] if again else number
            person = self._person(of, is_known=kind.is_known)
            if again:  # their next course
                person = person._replace(bits=person.bits + number - of)
            if not kind.is_known and kind.statuses is LEAD:
                leads.append(number)
            yield number, person, kind, kind.statuses[int(rng.random() * len(kind.statuses))]

    def _person(self, number: int, *, is_known: bool) -> FictionalPerson:
        """Even numbers have no siblings. Known people bear two family names.

        So no one else resembles them: a similar name would send a lead to review.
        """
        person = self.population.person(number * 2)
        if not is_known:
            return person
        second = tables.FAMILY[(person.bits >> 30) % len(tables.FAMILY)]
        return person._replace(last=f"{person.last} {second}")


def _row(number: int, person: FictionalPerson, status: str, place: tuple[int, int]) -> Row:
    bits = person.bits
    moment = f"2022-{1 + bits % 12:02}-{1 + (bits >> 4) % 28:02} 10:{(bits >> 9) % 60:02}:00"
    return {
        "id": 10 + number, "nom": person.last, "prenom": person.first,
        "date_naissance": person.birth, "telephone": person.phone, "email": person.email,
        "statut": status, "formation_id": place[0], "session_ecoin_id": place[1],
        "adresse": f"{bits % 190 + 1} {tables.STREETS[bits % 5]}",
        "wilaya": tables.WILAYAS[(bits >> 8) % 9], "niveau": tables.NIVEAUX[(bits >> 12) % 9],
        "remarque": None, "created_at": moment, "updated_at": moment,
    }  # fmt: skip


def committable(rows: int) -> CommittableWorld:
    """The world of so many learners."""
    school = generate(rows, SEED)
    return CommittableWorld(rows, SEED, school.formations, school.sessions)


def load(server: DatabaseServer, rows: int) -> str:
    """Create the old database of so many learners on the server; returns its name."""
    name = server.create_database(f"legacy_committable_{rows}")
    client = subprocess.Popen(
        server.client(name),
        stdin=subprocess.PIPE,
    )
    with client:
        write_dump(committable(rows), cast(BinaryIO, client.stdin))
    if client.returncode:
        raise RuntimeError(f"The dump of {rows:,} rows did not load.")
    return name


def _confirm_sessions() -> None:
    """What the screen of sessions does, for all of them: a person confirms that the cohort was real."""
    from django.contrib.auth.models import User
    from django.db.models import F
    from django.utils import timezone

    from legacy_import.choices import SessionType
    from legacy_import.models import LegacySessionMapping

    manager = User.objects.create_user("benchmark")
    LegacySessionMapping.objects.filter(session_type=SessionType.REAL_SESSION).update(
        confirmed_by=manager, confirmed_at=timezone.now(), version=F("version") + 1
    )


def main() -> None:
    django.setup()
    if sys.argv[1] == "confirm":
        _confirm_sessions()
        return
    from legacy_import.demo.platform import seed_platform

    seed_platform(committable(int(sys.argv[2])))


if __name__ == "__main__":
    main()
