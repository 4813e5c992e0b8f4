"""Tables of `emails.py`: what is not an address, whose mailbox it is, what was probably meant."""

from __future__ import annotations

from typing import Final

from ecoin.identity.blanks import BLANKS

PLACEHOLDER_ADDRESSES: Final = frozenset(
    {
        "ecoin.hank@gmail.com",  # the old platform's default for learners without an address
        "test@test.com", "test@test.fr", "test@test.dz", "test@gmail.com", "test@example.com",
        "example@example.com", "exemple@exemple.com", "email@email.com", "mail@mail.com",
        "email@example.com", "user@example.com", "exemple@gmail.com", "example@gmail.com",
        "email@gmail.com", "mail@gmail.com", "gmail@gmail.com", "no@no.com", "non@non.com",
        "abc@abc.com", "azerty@azerty.com", "azerty@gmail.com", "qwerty@gmail.com", "xyz@xyz.com",
        "null@null.com", "none@none.com", "rien@rien.com",
    }
)  # fmt: skip

_PLACEHOLDER_LOCAL_PARTS = """
    nil nan non no nom noreply donotreply pasdmail pasmail votrenom votreemail votremail monemail
    monmail adresse adresseemail adressemail exemple example test testtest
"""
PLACEHOLDER_LOCAL_PARTS: Final = frozenset(
    # In any domain, without dots, dashes and digits: there is no address, the form's own
    # example was copied, or the sender is a machine. A shorter blank may be a person's initials.
    _PLACEHOLDER_LOCAL_PARTS.split()
) | {word for word in BLANKS if len(word) >= 4}

_ROLE_EXACT = """
    contact contacts info infos information informations admin administration administrateur
    administrator formation formations training secretariat secretaire direction directeur
    accueil reception scolarite inscription inscriptions commercial marketing rh drh grh
    recrutement support service services sav bureau office webmaster postmaster hostmaster root
    compta comptabilite facturation finance hello bonjour ecole school institut centre center
    academy academie etablissement agence entreprise societe taxiphone kiosque ecoin
"""
ROLE_EXACT: Final = frozenset(
    # First word of the local part: an office, read by anyone there.
    _ROLE_EXACT.split()
)

ROLE_PREFIXES: Final = (
    "cyber",  # cybercafe, cyber.amine, cyberspace31: the clerk types his own address
    "contact",  # contactecoin
    "formation",  # formationecoin
    "secretariat",
)

POPULAR_DOMAINS: Final = (
    "gmail.com", "yahoo.com", "yahoo.fr", "hotmail.com", "hotmail.fr", "outlook.com", "outlook.fr",
    "live.fr", "live.com", "icloud.com",
)  # fmt: skip

_REAL_DOMAINS = """
    ymail.com mail.com email.com gmx.com gmx.fr gmx.de fmail.com yahoo.ca yahoo.de yahoo.it
    yahoo.es yahoo.co hotmail.it hotmail.de hotmail.es outlook.de outlook.es outlook.sa live.ca
    live.be live.it live.nl msn.com aol.com laposte.net protonmail.com proton.me
"""
REAL_DOMAINS: Final = frozenset(POPULAR_DOMAINS) | frozenset(
    # Real providers one letter away from a popular one: no hint.
    _REAL_DOMAINS.split()
)

DOMAIN_TYPOS: Final = {
    # Further than one letter from the real one, or ambiguous to a distance; seen in such data.
    "gmail.con": "gmail.com", "gmail.fr": "gmail.com", "gmail.cpm": "gmail.com",
    "gmail.dz": "gmail.com", "gmail": "gmail.com", "gmailcom": "gmail.com", "gmail.c": "gmail.com",
    "gamail.com": "gmail.com", "gmaill.com": "gmail.com", "gmail.com.com": "gmail.com",
    "gmali.com": "gmail.com", "gimail.com": "gmail.com", "gemail.com": "gmail.com",
    "gmal.con": "gmail.com", "gmail.coom": "gmail.com", "g.mail.com": "gmail.com",
    "yahoo": "yahoo.com", "yahoo.con": "yahoo.com", "yahoofr": "yahoo.fr", "yahoo.f": "yahoo.fr",
    "yaho.fr": "yahoo.fr", "yahou.fr": "yahoo.fr", "hotmail": "hotmail.com",
    "hotmail.con": "hotmail.com", "hotmai.com": "hotmail.com", "hotmail.c": "hotmail.com",
    "outlook": "outlook.com", "outlook.con": "outlook.com",
}  # fmt: skip
