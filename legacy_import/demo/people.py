"""The fictional learners: a pure function of (rows, seed), streamed in constant memory.

Two kinds of rows: ordinary ones with everyday errors (dirt), and single cases (exhibits) spread
evenly among them.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random
from typing import Any, Literal

from . import tables
from .dirt import NOISE, Noise, double_encoded, is_arabic
from .exhibits import EXHIBITS, HUGE_ID, Exhibit
from .population import (
    ARABIC,
    BOTH_SCRIPTS,
    EXHIBITS_FROM,
    FictionalPerson,
    KnownPerson,
    Population,
    known_as,
    slug,
)

Row = dict[str, Any]
SourceTable = Literal["stagiaires", "archives"]

STAGIAIRES_SHARE = 0.55
_DAYS = tuple((date(2014, 9, 1) + timedelta(days=n)).isoformat() for n in range(3200))


class _Dice:
    """A table of noises as cumulative rates: one random number picks one of them, or none."""

    def __init__(self, noises: tuple[Noise, ...], table: SourceTable) -> None:
        of_table = [noise for noise in noises if noise.only in ("", table)]
        self.apply = [noise.apply for noise in of_table]
        self.ceilings: list[float] = []
        for noise in of_table:
            self.ceilings.append(noise.rate + (self.ceilings[-1] if self.ceilings else 0.0))
        self.top = self.ceilings[-1]


@dataclass(frozen=True)
class LegacyWorld:
    """The whole fictional legacy database, and the people that the platform knows already."""

    rows: int
    seed: int
    formations: list[Row]
    sessions: list[Row]

    @cached_property
    def population(self) -> Population:
        return Population(self.seed, self.rows)

    @cached_property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """The single cases that fit: at most half the rows, the heaviest ones from 500 rows on."""
        fitting = tuple(one for one in EXHIBITS if one.min_rows <= self.rows)
        return fitting[: self.rows // 2]

    def learners(self) -> Iterator[tuple[SourceTable, Row]]:
        """Yield every learner row, stagiaires first, ids ascending within each table."""
        own = [one for one in self.exhibits if one.table == "stagiaires"]
        others = [one for one in self.exhibits if one.table == "archives"]
        ordinary = self.rows - len(self.exhibits)
        stagiaires = round(ordinary * STAGIAIRES_SHARE)
        yield from self._table("stagiaires", 0, stagiaires, own)
        yield from self._table("archives", stagiaires, ordinary - stagiaires, others)

    def known_people(self) -> Iterator[KnownPerson]:
        """Yield all people that the platform has already, the people of the single cases last."""
        for number in range(self.rows - len(self.exhibits)):
            person = self.population.person(number)
            if self.population.is_known(person):
                yield self.population.known_person(person)
        for position, one in enumerate(self.exhibits):
            for place, record in enumerate(one.known_records):
                person = self.population.person(EXHIBITS_FROM + 2 * one.person)
                yield known_as(EXHIBITS_FROM * 10 + position * 10 + place, person, record)

    def _table(
        self, table: SourceTable, first_number: int, count: int, exhibits: list[Exhibit]
    ) -> Iterator[tuple[SourceTable, Row]]:
        """Stream one table: ordinary rows with the single cases spread evenly among them."""
        rng = Random(f"{self.seed}:{self.rows}:{table}")
        last = [one for one in exhibits if one.fields.get("id") == HUGE_ID]
        spread = [one for one in exhibits if one.fields.get("id") != HUGE_ID]
        every = max(1, count // (len(spread) + 1))
        row_id, next_exhibit = 10, 0
        ordinary = _ordinary_rows(self, table, first_number, count, rng)
        for position, row in enumerate(ordinary):
            row_id += 1 if rng.random() > 0.03 else 2 + int(rng.random() * 40)
            row["id"] = row_id
            yield table, row
            if next_exhibit < len(spread) and position % every == every - 1:
                row_id += 1
                yield table, self._exhibit(spread[next_exhibit], row_id)
                next_exhibit += 1
        for one in (*spread[next_exhibit:], *last):
            row_id += 1
            yield table, self._exhibit(one, row_id)

    def _exhibit(self, one: Exhibit, row_id: int) -> Row:
        person = self.population.person(EXHIBITS_FROM + 2 * one.person)
        row = _clean_row(one.table, person, ("Formée", 1, tables.FIRST_REAL_SESSION), "2019-05-12")
        return {**row, "id": row_id, **one.fields}


def _clean_row(table: str, person: FictionalPerson, what: tuple[Any, Any, Any], day: str) -> Row:
    """Return a clean learner row without an id; `what` is (statut, formation_id, session id)."""
    bits = person.bits
    moment = f"{day} {8 + bits % 10:02}:{(bits >> 8) % 60:02}:{(bits >> 16) % 60:02}"
    row: Row = {
        "id": 0, "nom": person.last, "prenom": person.first, "date_naissance": person.birth,
        "telephone": person.phone, "email": person.email, "statut": what[0],
        "formation_id": what[1], "session_ecoin_id": what[2],
        "adresse": f"{bits % 190 + 1} {tables.STREETS[bits % 5]}",
        "wilaya": tables.WILAYAS[(bits >> 8) % 9], "niveau": tables.NIVEAUX[(bits >> 12) % 9],
        "remarque": None, "created_at": moment, "updated_at": moment,
    }  # fmt: skip
    if table == "archives":
        row["date_archive"] = day
    return row


def _ordinary_rows(
    world: LegacyWorld, table: SourceTable, first_number: int, count: int, rng: Random
) -> Iterator[Row]:
    """Yield ordinary rows: mostly clean, each of name, phone, e-mail and date with its own noise."""
    population, random = world.population, rng.random
    first_table = table == "stagiaires"
    statuses = [
        status
        for status, in_stagiaires, in_archives in tables.STATUSES
        for _ in range(in_stagiaires if first_table else in_archives)
    ]
    places = _placements(world.sessions)
    dice = tuple(_Dice(noises, table) for noises in NOISE)
    for k in range(count):
        draw, number = random(), first_number + k
        if draw < 0.12 and first_number:
            number = int(draw / 0.12 * first_number)  # also, or again, in stagiaires
        elif draw > 0.95:
            number = max(first_number, number - 1 - int(random() * 200))  # a repeat course
        person = population.person(number)
        if person.script == ARABIC or (person.script == BOTH_SCRIPTS and random() < 0.5):
            person = person.in_arabic()
        formation, session = places[int(random() * len(places))]
        what = (statuses[int(random() * len(statuses))], formation, session)
        row = _clean_row(table, person, what, _DAYS[k * len(_DAYS) // count])
        for die in dice:
            draw = random()
            if draw < die.top:
                die.apply[bisect(die.ceilings, draw)](row, person, rng, population)
        if not first_table:
            _store_in_latin1(row)
        yield row


def _store_in_latin1(row: Row) -> None:
    """Arabic letters survive in a latin1 table as the bytes of their UTF-8."""
    for column in ("nom", "prenom"):
        if row[column] and is_arabic(row[column]):
            row[column] = double_encoded(row[column])


def _placements(sessions: list[Row]) -> list[tuple[Any, Any]]:
    """Return (formation_id, session id) pairs in realistic shares: nine in ten refer to a cohort."""
    special = {one.id for one in tables.SPECIAL_SESSIONS}
    real = [(row["formation_id"], row["id"]) for row in sessions if row["id"] not in special]
    share = len(real)
    places: list[tuple[Any, Any]] = real * 10
    places += [(formation, None) for formation, _ in real]
    places += [(None, session) for _, session in real]
    waiting = [(one.formation_id, one.id) for one in tables.SPECIAL_SESSIONS if one.id != 9]
    places += [waiting[n % len(waiting)] for n in range(share)]
    places += [(real[n][0], tables.NO_SUCH_SESSION) for n in range(0, share, 12)]
    places += [(real[n][0], real[(n * 7 + 1) % share][1]) for n in range(0, share, 15)]  # conflicts
    places += [(tables.NO_SUCH_FORMATION, real[n][1]) for n in range(0, share, 40)]
    return places


def _formation_rows() -> list[Row]:
    return [
        {"id": one.id, "nom": one.nom, "duree": f"{1 + one.id % 6} mois",
         "prix": 8000 + one.id * 1500, "created_at": "2014-09-01 09:00:00"}
        for one in tables.FORMATIONS
    ]  # fmt: skip


def _session_rows(rows: int, rng: Random) -> list[Row]:
    """Return the special sessions and about one cohort per 20 learners (40 to 5,000), by id."""
    result: list[Row] = [
        {"id": one.id, "code": one.code, "formation_id": one.formation_id,
         "date_debut": "0000-00-00", "date_fin": None}
        for one in tables.SPECIAL_SESSIONS
    ]  # fmt: skip
    taught = [one for one in tables.FORMATIONS for _ in range(one.weight)]
    session_id = tables.FIRST_REAL_SESSION - 1
    cohorts = min(5000, max(40, rows // 20))
    for n in range(cohorts):
        session_id += 2 if session_id == 234 else 1
        one = taught[int(rng.random() * len(taught))] if n else tables.FORMATIONS[0]
        start = date(2014, 10, 1) + timedelta(days=n * 3100 // cohorts)
        code = f"{slug(one.nom or 'x')[:4].upper()}-{start:%Y-%m}-{session_id}"
        result.append({
            "id": session_id, "code": code, "formation_id": one.id,
            "date_debut": start.isoformat(),
            "date_fin": (start + timedelta(days=90)).isoformat(),
        })  # fmt: skip
    return sorted(result, key=lambda row: row["id"])


def generate(rows: int = 2500, seed: int = 2024) -> LegacyWorld:
    """Return the fictional legacy database of `rows` learners; equal for equal arguments.

    Raises ValueError below 2 rows, or above 4,800,000 (second phones would run out).
    """
    if not 2 <= rows <= 4_800_000:
        raise ValueError(f"rows is {rows}: choose between 2 and 4,800,000.")
    sessions = _session_rows(rows, Random(f"{seed}:cohorts"))
    return LegacyWorld(rows, seed, _formation_rows(), sessions)
