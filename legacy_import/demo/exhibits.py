"""One row or small group for every kind of case in the rules, independent of chance.

An exhibit is a clean, completed, mapped row of its person except for the fields given here. Exhibits
with the same `person` are the same person. `known_records` are the records that the platform already
has, clean too except for the fields given. The order is by importance: a small world contains only the
first ones.
"""

from typing import Any, Literal, NamedTuple

from . import tables
from .dirt import double_encoded, spell_phone

HUGE_ID = 2**64 - 1
MIB = 1024 * 1024
BLANK_DATE: dict[str, Any] = {"birth_date": None}


class Exhibit(NamedTuple):
    """A single case; `fields` overrides the clean row, `person` is the number of its person."""

    kind: str
    table: Literal["stagiaires", "archives"]
    person: int
    fields: dict[str, Any]
    known_records: tuple[dict[str, Any], ...] = ()
    min_rows: int = 0


def _user(**fields: Any) -> dict[str, Any]:
    return {"kind": "user", **fields}


def _lead(**fields: Any) -> dict[str, Any]:
    return {"kind": "lead", **fields}


# person, table (s/a), kind, fields, known records. `statut` Informer is a lead_only row, Formée history.
_Case = tuple[int, str, str, dict[str, Any], tuple[dict[str, Any], ...]]
_INFO: dict[str, Any] = {"statut": "Informer", "session_ecoin_id": None}
_OFFICE = "contact@association-fictive.dz"  # a role mailbox that no other row has
_CONFIRMED: dict[str, Any] = {"statut": "Confirmer"}

_PEOPLE: tuple[_Case, ...] = (
    (1, "s", "lead, unknown to the platform", _INFO, ()),
    (2, "a", "history, unknown to the platform", {}, ()),
    (3, "s", "lead linked to a user by phone", _INFO, (_user(email=""),)),
    (4, "s", "lead linked to a lead by e-mail", _INFO, (_lead(phone=""),)),
    (5, "a", "history attached to a user", {}, (_user(),)),
    (6, "s", "registered, to be decided", _CONFIRMED, ()),
    (7, "s", "registered, known", _CONFIRMED, (_user(),)),
    (8, "s", "postponed, real session", {"statut": "Reporter"}, ()),
    (9, "s", "postponed, waiting session", {"statut": "Reporter", "session_ecoin_id": 3}, ()),
    (10, "s", "postponed, no session", {"statut": "Reporter", "session_ecoin_id": None}, ()),
    (11, "s", "person has history: the lead", _INFO, ()),
    (11, "a", "person has history: the training", {"statut": "Archivé"}, ()),
    (12, "s", "same lead twice: first", _INFO, ()),
    (12, "s", "same lead twice: second", {**_INFO, "formation_id": 4}, ()),
    (13, "s", "repeat course: first", {}, ()),
    (13, "s", "repeat course: second", {"formation_id": 2, "session_ecoin_id": 9}, ()),
    (13, "a", "repeat course: archived again", {"statut": "Archivé"}, ()),
    (14, "s", "blocked: a brother's phone", {**_INFO, "email": None, "prenom": "Sofiane"},
     (_user(first_name="Wassila", email="", birth_date="1991-03-04"),)),
    (15, "s", "blocked: birth date conflict", {**_INFO, "email": None,
                                               "date_naissance": "1985-06-17"},
     (_lead(email="", birth_date="1994-11-02"),)),
    (16, "s", "not blocked: dates differ, phone and e-mail agree",
     {**_INFO, "date_naissance": "1985-06-17"}, (_lead(birth_date="1994-11-02"),)),
    (17, "s", "blocked: target without a name", _INFO, (_user(first_name="", last_name=""),)),
    (18, "s", "blocked: several targets", _INFO, (_user(email=""), _lead(phone=""))),
    (19, "s", "blocked history: a brother's phone", {"email": None, "prenom": "Nazim",
                                                     "statut": "Formée"},
     (_user(first_name="Thiziri", email="", birth_date="1999-03-04"),)),
    (20, "s", "medium: name and birth date", _INFO, (_lead(phone="", email=""),)),
    (21, "s", "medium: name and raw phone", {**_INFO, "telephone": "055944616", "email": None},
     (_lead(phone="055944616", email="", **BLANK_DATE),)),
    (22, "s", "low: similar name only", _INFO, (_lead(phone="", email="", **BLANK_DATE),)),
    (23, "s", "known: birth date swapped", {**_INFO, "date_naissance": "1990-07-05"},
     (_user(email="", birth_date="1990-05-07"),)),
    (24, "s", "known: birth date year only", {**_INFO, "date_naissance": "1990-01-01"},
     (_user(email="", birth_date="1990-05-07"),)),
    (25, "s", "known: birth date one digit off", {**_INFO, "date_naissance": "1990-05-17"},
     (_user(email="", birth_date="1990-05-07"),)),
    (26, "s", "brother and sister: she", {**_INFO, "prenom": "Yasmine", "email": None,
                                          "date_naissance": "1992-02-03"}, ()),
    (26, "s", "brother and sister: he", {**_INFO, "prenom": "Mourad", "email": None,
                                         "date_naissance": "1996-08-23"}, ()),
    (27, "s", "two known people: by phone", {**_INFO, "email": None},
     (_user(email="", **BLANK_DATE),)),
    (27, "s", "two known people: by e-mail", {**_INFO, "telephone": None},
     (_lead(phone="", **BLANK_DATE),)),
    (28, "s", "dates contradict: one end", {**_INFO, "email": None,
                                            "date_naissance": "1981-02-03"}, ()),
    (28, "s", "dates contradict: the bridge", {**_INFO, "date_naissance": None}, ()),
    (28, "s", "dates contradict: other end", {**_INFO, "telephone": None,
                                              "date_naissance": "1997-10-21"}, ()),
    (29, "s", "swapped names: tidy", {"nom": "Benaissa", "prenom": "Karim"}, ()),
    (29, "a", "swapped names: swapped", {"nom": "Karim", "prenom": "Benaissa"}, ()),
    (30, "s", "spelling: Mohamed Benali", {"nom": "Benali", "prenom": "Mohamed"}, ()),
    (30, "a", "spelling: Mohammed Ben Ali", {"nom": "Ben Ali", "prenom": "Mohammed"}, ()),
    (30, "a", "spelling: Med BENALI", {"nom": "BENALI", "prenom": "Med"}, ()),
    (31, "s", "recycled number: before", {**_INFO, "nom": "Zouaoui", "prenom": "Fella"}, ()),
    (31, "s", "recycled number: after", {**_INFO, "nom": "Guerfi", "prenom": "Idir", "email": None,
                                         "date_naissance": "2001-04-30"}, ()),
    (32, "s", "no trustworthy contact", {**_INFO, "telephone": None, "email": None}, ()),
    (33, "s", "no trustworthy contact: placeholders",
     {**_INFO, "telephone": "0555555555", "email": "Ecoin.hank@gmail.com"}, ()),
    (34, "s", "blocked: role mailbox", {**_INFO, "telephone": None, "email": _OFFICE},
     (_user(phone="", email=_OFFICE, **BLANK_DATE),)),
    (37, "s", "first of its group waits: first", {**_INFO, "email": None},
     (_user(phone="", email=""),)),
    (37, "s", "first of its group waits: second", {**_INFO, "email": None}, ()),
    (38, "s", "both scripts: in Latin letters", {**_INFO, "nom": "Haddad", "prenom": "Karim"}, ()),
    (38, "s", "both scripts: in Arabic letters", {**_INFO, "nom": "حداد", "prenom": "كريم"}, ()),
    (39, "s", "brother and sister in Arabic: he", {**_INFO, "nom": "بن علي", "prenom": "أمين",
                                                   "email": None}, ()),
    (39, "s", "brother and sister in Arabic: she", {**_INFO, "nom": "بن علي", "prenom": "أمينة",
                                                    "email": None}, ()),
    (40, "s", "known in Latin letters: attested spellings",
     {**_INFO, "nom": "حداد", "prenom": "سمير"},
     (_user(first_name="Samir", last_name="Haddad", email=""),)),
    (41, "s", "known in Latin letters: a family name that no table has",
     {**_INFO, "nom": "زواوي", "prenom": "سمير"},
     (_user(first_name="Samir", last_name="Zouaoui", email=""),)),
)  # fmt: skip

_SCHOOL = tuple(
    (35, "s", "school number", {**_INFO, "nom": nom, "prenom": prenom, "email": None,
                                "date_naissance": f"19{80 + n}-0{n + 1}-1{n}"},
     (_lead(first_name="Houria", last_name="Amrani", email="", **BLANK_DATE),) if n == 0 else ())
    for n, (nom, prenom) in enumerate((
        ("Amrani", "Houria"), ("Kaci", "Lotfi"), ("Debbah", "Rym"), ("Toumi", "Ayoub"),
        ("Sebti", "Fouad"), ("Mekki", "Lynda"), ("Ghezali", "Nacer"), ("Haddad", "Souad")))
)  # fmt: skip
_TWELVE = tuple(
    (
        36,
        "a",
        "one person, twelve courses",
        {"statut": "Archivé", "formation_id": formation, "session_ecoin_id": None},
        (),
    )
    for formation in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 18)
)

_SESSIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((f"session {one.id}: {one.reason}", {"session_ecoin_id": one.id, "formation_id":
       one.formation_id or 1}) for one in tables.SPECIAL_SESSIONS),
    ("registered in a reserved session", {"statut": "Confirmer", "session_ecoin_id": 235}),
    ("lead in a waiting session", {"statut": "Informer", "session_ecoin_id": 2}),
    ("session that does not exist", {"session_ecoin_id": tables.NO_SUCH_SESSION}),
    ("registered, session does not exist",
     {"statut": "Confirmer", "session_ecoin_id": tables.NO_SUCH_SESSION}),
    ("registered, no session", {"statut": "Confirmer", "session_ecoin_id": None}),
    ("no session: null", {"session_ecoin_id": None}),
    ("no session: zero", {"session_ecoin_id": 0}),
    ("no session: blank", {"session_ecoin_id": ""}),
    ("session id that is not a number", {"session_ecoin_id": "attente"}),
    ("course taken from the session", {"formation_id": None}),
    ("course zero, taken from the session", {"formation_id": 0}),
    ("no course at all", {"formation_id": None, "session_ecoin_id": None}),
    ("formation_session_conflict", {"formation_id": 2}),
    ("registered, formation_session_conflict", {"statut": "Confirmer", "formation_id": 2}),
    ("course that does not exist", {"formation_id": tables.NO_SUCH_FORMATION,
                                    "session_ecoin_id": None}),
    ("course id that is no id", {"formation_id": -1}),
    ("registered, course unmapped", {"statut": "Confirmer", "formation_id": 21,
                                     "session_ecoin_id": None}),
    *((f"course {one.id}: {one.match}", {"formation_id": one.id, "session_ecoin_id": None})
      for one in tables.FORMATIONS),
    *((f"status {status!r}", {"statut": status}) for status, _, _ in tables.STATUSES),
)  # fmt: skip

_DATES = tuple(
    (f"date {value!r}", {"date_naissance": value})
    for value in ("0000-00-00", "2019-00-00", "2019-02-31", "1900-01-01", "1970-01-01",
                  "2031-05-12", None, "", "05/07/1990", "5/7/90", "07-05-1990", "1990",
                  "31/02/1990", "né en 1988", "1990-05-07 00:00:00", "33000")
)  # fmt: skip
_EMAILS = tuple(
    (f"email {value!r}", {**_INFO, "email": value})
    for value in (*tables.PLACEHOLDER_EMAILS, *tables.ROLE_EMAILS, *tables.INVALID_EMAILS, None, "",
                  "NADIA.FICTIVE@EXAMPLE.DZ", "samir.fictif@gmail.con", "lotfi.fictif@gmial.com",
                  "rym.fictive@example.dz / rym2.fictive@example.com", "mailto:anis@example.dz",
                  "amel\u00a0@example.dz", "أمينة@example.dz")
)  # fmt: skip

_DAMAGE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("no name at all: null", {"nom": None, "prenom": None}),
    ("no name at all: blank", {"nom": "", "prenom": "  "}),
    ("no name at all: a dash", {"nom": "-", "prenom": "/"}),
    ("one name only", {"nom": "", "prenom": "Massinissa"}),
    ("both names in nom", {"nom": "Boudiba Radia", "prenom": None}),
    *(
        (f"arabic name {n}", {"prenom": prenom, "nom": nom})
        for n, (prenom, nom) in enumerate(tables.ARABIC_NAMES)
    ),
    ("double-encoded name", {"nom": "BelaÃ¯d", "prenom": "LeÃ¯la"}),
    ("double-encoded arabic", {"prenom": double_encoded("محمد"), "nom": double_encoded("حداد")}),
    ("encoded twice over", {"prenom": double_encoded(double_encoded("Leïla"))}),
    ("damaged: replacement marks", {"prenom": "Le\ufffdla", "nom": "Bela?d"}),
    ("invalid UTF-8: latin1 é", {"prenom": b"Zo\xe9"}),
    ("invalid UTF-8: cut in a letter", {"prenom": b"Rach\xc3"}),
    ("invalid UTF-8: lone surrogate", {"prenom": b"Nad\xed\xa0\xbdia"}),
    ("invalid UTF-8: undefined byte", {"prenom": b"Sam\x81ir\xff"}),
    ("NUL byte", {"prenom": "Ka\x00rim", "remarque": "avant\x00après"}),
    ("control characters", {"prenom": "Sel\x07ma\x1b[31m", "adresse": "ligne 1\r\nligne 2"}),
    ("over-long name", {"nom": "Ben" * 300, "prenom": "Abd " * 120}),
    ("over-long address", {"adresse": "Cité des Oliviers, bloc 7. " * 400}),
    ("html in a name", {"nom": "<script>alert(1)</script>", "prenom": "<b>Rania</b>"}),
    ("html in a remark", {"remarque": "<img src=x onerror=alert(1)>"}),
    ("sql in a name", {"nom": "O'Hara'); DROP TABLE stagiaires;--"}),
    ("formula =", {"nom": '=HYPERLINK("http://example.com","x")'}),
    ("formula +", {"prenom": "+213"}),
    ("formula -", {"nom": "-2+3"}),
    ("formula @", {"prenom": "@SUM(A1:A9)"}),
    ("bidi override", {"nom": "Haddad\u202egnp.exe", "prenom": "\u2067Samira\u2069"}),
    ("zero-width characters", {"nom": "Man\u200bsouri", "prenom": "Sa\u00adlima"}),
    ("emoji", {"prenom": "Amina 🎓"}),
    ("apostrophes and titles", {"nom": "Mme N'Aït-Ouali", "prenom": "M’hamed"}),
    ("template braces", {"nom": "{{ 7*7 }}", "prenom": "%s%n"}),
)
# The same in the latin1 table, as far as it can contain them. There any byte is *some* letter.
_DAMAGE_ARCHIVES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("archived: double-encoded arabic", {"prenom": double_encoded("فاطمة"),
                                         "nom": double_encoded("رحماني")}),
    ("archived: byte that is no UTF-8", {"prenom": b"Zo\xe9"}),
    ("archived: byte latin1 leaves undefined", {"nom": b"Hadda\x81d"}),
    ("archived: NUL byte", {"prenom": "Ka\x00rim"}),
    ("archived: no name at all", {"nom": None, "prenom": None}),
    ("archived: date 2019-02-31", {"date_naissance": "2019-02-31"}),
    ("archived: date 2019-00-00", {"date_naissance": "2019-00-00"}),
    ("archived: date 0000-00-00", {"date_naissance": "0000-00-00", "date_archive": "0000-00-00"}),
    ("archived: waiting session", {"statut": "Archivé", "session_ecoin_id": 235}),
    ("archived: unknown status", {"statut": "Abandon"}),
)  # fmt: skip


def _phones() -> list[tuple[str, dict[str, Any]]]:
    """Return every phone spelling on numbers of their own, then the numbers that are none."""
    spellings = (*tables.PHONE_SPELLINGS, *tables.PHONE_SPELLINGS_UNICODE)
    result: list[tuple[str, dict[str, Any]]] = [
        (f"phone {spelling!r}", {**_INFO, "email": None, "telephone":
                                 spell_phone(spelling, f"07791{n:05}", f"06601{n:05}")})
        for n, spelling in enumerate(spellings)
    ]  # fmt: skip
    for kind, text in tables.BAD_PHONES:
        result.append((f"phone {kind}: {text!r}", {**_INFO, "email": None, "telephone": text}))
    return result


def _all() -> tuple[Exhibit, ...]:
    names: dict[str, Literal["stagiaires", "archives"]] = {"s": "stagiaires", "a": "archives"}
    grouped = [
        Exhibit(kind, names[table], person, fields, known_records)
        for person, table, kind, fields, known_records in (*_PEOPLE, *_SCHOOL, *_TWELVE)
    ]
    single: list[tuple[str, str, dict[str, Any]]] = [
        *(("s", *case) for case in (*_SESSIONS, *_DAMAGE)),
        *(("a", *case) for case in _DAMAGE_ARCHIVES),
        *(("s", *case) for case in (*_DATES, *_EMAILS, *_phones())),
    ]
    alone = [Exhibit(kind, names[table], 100 + n, fields)
             for n, (table, kind, fields) in enumerate(single)]  # fmt: skip
    heavy = (
        Exhibit("value over one megabyte", "stagiaires", 90,
                {"remarque": "Fiche numérisée, page illisible. " * (MIB * 12 // 10 // 32)},
                min_rows=500),
        Exhibit("id of 64 bits", "stagiaires", 91, {"id": HUGE_ID}, min_rows=500),
    )  # fmt: skip
    return (*grouped, *heavy, *alone)


EXHIBITS: tuple[Exhibit, ...] = _all()
