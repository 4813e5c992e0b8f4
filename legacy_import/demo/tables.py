"""The data of the fictional school: names, courses, sessions, statuses, spellings.

Data only. Given and family names are common ones combined at random; no such person exists.
"""

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN_FEMALE = _words("""
Amina Asma Amel Assia Chahinez Dalila Djamila Fatiha Fatima Fella Hafida Hanane Houria Imane Ikram
Kenza Khadidja Karima Leïla Lamia Lynda Malika Meriem Manel Mouna Nabila Nadia Nadjet Naïma Nesrine
Nawel Ouarda Rachida Radia Rania Rym Sabrina Safia Salima Samira Sarah Selma Sihem Sonia Souad
Soumia Thiziri Wafa Wassila Yasmine Yamina Zahra Zineb Zohra
""")
GIVEN_MALE = _words("""
Abdelkader Abdelhak Abderrahmane Abdallah Achour Adel Ahmed Aïssa Akli Ali Amar Amine Anis Ayoub
Azzedine Belkacem Bilal Boualem Brahim Djamel Farid Fayçal Fouad Hakim Hamid Hamza Hichem Hocine
Idir Ilyes Islam Ismaïl Kamel Karim Khaled Lakhdar Larbi Lotfi Mahdi Malek Massinissa Mehdi Mourad
Mohamed Mokhtar Mounir Mustapha Nabil Nacer Nassim Nazim Noureddine Omar Oussama Rabah Rachid Riad
Redouane Ryad Saïd Salah Salim Samir Sofiane Tahar Tarek Toufik Walid Yacine Youcef Younes Yazid
Zakaria
""")
SECOND_MALE = _words("Amine Lamine Islam Nadir Tahar Larbi Salah Chérif Ryad Anis")
COMPOUND_MALE = tuple(f"Mohamed {second}" for second in SECOND_MALE) + tuple(
    f"{first} Eddine" for first in ("Salah", "Nour", "Chems", "Imad", "Djamel", "Kheir")
)
COMPOUND_FEMALE = tuple(f"Fatima {second}" for second in ("Zohra", "Zahra")) + tuple(
    f"{first} {second}" for first in ("Nour", "Lina") for second in ("El Houda", "Yasmine")
)
FAMILY = _words("""
Abbad Achouri Aggoun Allali Amrani Arab Attia Ayadi Azzouz Bachir Bakhti Barkat Belaïd Belkadi
Belhadj Bellal Benchikh Berkane Bessa Bouaziz Boudiba Bouguerra Boukhari Boulahia Bousbia Brahimi
Chabane Chaïb Chelli Cherfaoui Chergui Dahmani Daoudi Debbah Derradji Djebbar Djouadi Drif Fekir
Ferhat Fodil Gacem Ghezali Guendouz Guerfi Hachemi Haddad Hadjadj Hamadi Hammoudi Hamrouche Hannachi
Harrat Hocini Ighil Issaad Kaci Kaddour Kadri Kerrouche Khelifi Khodja Kebir Lachheb Lahmar Lakehal
Lounis Maamar Madani Mahdjoub Makhlouf Mansouri Mazouz Mebarki Meddour Mekki Merabet Meziane
Mokrani Nait Ouali Ouahab Oukaci Rahmani Ramdani Redjem Rezig Saadi Sahli Saïdani Saker Saoudi
Sebti Selmi Serir Slimani Smati Soltani Taleb Tayeb Tebib Touati Toumi Yahi Yahiaoui Yaker Zaidi
Zemmouri Zenati Zeroual Ziani Zidane Zouaoui
""")
_FAMILY_ROOTS = _words("""
Abdallah Aissa Ali Amar Chérif Djamaa Hamida Kaci Khaled Larbi Lakhdar Mansour Merah Moussa Naceur
Rabah Salem Slimane Tahar Yahia Youcef Ziane Zid Omar Daoud Amara
""")
FAMILY_PREFIXED = (
    *(prefix + root.lower() for prefix in ("Ben", "Bou") for root in _FAMILY_ROOTS),
    *(f"Aït {root}" for root in _words("Ali Kaci Saïd Ouali Amar Hamou Larbi Messaoud")),
)

# Ways the same name was typed by different secretaries (first entry: the one used by default).
GIVEN_VARIANTS: dict[str, tuple[str, ...]] = {
    "Mohamed": ("Mohammed", "Med", "Muhamed", "MOHAMED"),
    "Fatima": ("Fatma", "Fatema", "FATIMA"),
    "Khadidja": ("Khadija", "Kadidja", "Khedidja"),
    "Djamel": ("Jamel", "Djamal", "Jamal"),
    "Noureddine": ("Nour Eddine", "Nourdine", "Nouredine"),
    "Abderrahmane": ("Abdelrahmane", "Abd Errahmane", "Abderahmane"),
    "Abdelkader": ("Abd El Kader", "Abdelkadir", "AEK"),
    "Youcef": ("Youssef", "Yousef", "Youcf"),
    "Hocine": ("Houcine", "Hossine", "Hocin"),
    "Meriem": ("Meryem", "Mariem", "Mériem"),
    "Yacine": ("Yassine", "Yasine"),
    "Ouarda": ("Warda",),
    "Oussama": ("Ousama", "Usama"),
    "Mustapha": ("Mostafa", "Mustafa"),
    "Leïla": ("Leila", "Leyla"),
}
TITLES = ("Mme", "Mlle", "M.", "Melle")
ARABIC_TITLES = ("السيد", "السيدة", "الآنسة")
ARABIC_NAMES = (("محمد", "بن علي"), ("فاطمة", "حداد"), ("عبد القادر", "منصوري"), ("سعاد", "رحماني"))

COURSES: tuple[tuple[str, str], ...] = (
    ("BUR", "Bureautique"),
    ("CPT", "Comptabilité générale"),
    ("PCC", "PC Compta"),
    ("ANG", "Anglais général"),
    ("FRA", "Français professionnel"),
    ("INF", "Infographie"),
    ("WEB", "Développement web"),
    ("PAT", "Pâtisserie"),
    ("COI", "Coiffure"),
    ("ELE", "Électricité bâtiment"),
    ("FRO", "Froid et climatisation"),
    ("GRH", "Gestion des ressources humaines"),
    ("DOU", "Déclarant en douane"),
    ("AGV", "Agent de voyage"),
    ("MKT-1", "Marketing digital"),  # two courses of one folded name: a match is no suggestion
    ("MKT-2", "MARKETING DIGITAL"),
    ("PLB", "Plomberie"),  # never taught on the old platform
)


class Formation(NamedTuple):
    """A course of the old catalogue; weight = how often it was taught."""

    id: int
    nom: str | None
    weight: int
    match: str  # exact | folded | repaired | none | ambiguous, and why it is here


FORMATIONS: tuple[Formation, ...] = (
    Formation(1, "Bureautique", 14, "exact"),
    Formation(2, "Comptabilité générale", 10, "exact"),
    Formation(3, "PC COMPTA", 8, "folded: case"),
    Formation(4, "Anglais general", 12, "folded: accents"),
    Formation(5, " français professionnel ", 6, "folded: blanks around"),
    Formation(6, "Infographie", 8, "exact"),
    Formation(7, "Développement Web", 7, "folded: case"),
    Formation(8, "PATISSERIE", 6, "folded: case and accents"),
    Formation(9, "Coiffure", 5, "exact"),
    Formation(11, "ÉlectricitÃ© bâtiment", 1, "repaired: only part is double-encoded"),
    Formation(12, "Froid et climatisation", 4, "exact"),
    Formation(13, "Gestion des ressources humaines", 5, "exact"),
    Formation(15, "DÃ©clarant en douane", 4, "repaired: double-encoded"),
    Formation(16, "BUREAUTIQUE", 3, "folded: the same course entered twice"),
    Formation(18, "Agent de voyage", 3, "exact"),
    Formation(20, "Marketing Digital", 2, "ambiguous: two courses match equally"),
    Formation(21, "Réparation GSM", 3, "none: no longer taught"),
    Formation(22, "Permis cariste", 2, "none: no longer taught"),
    Formation(23, "Comptabilité", 2, "none: resembles a course, matches none"),
    Formation(25, "Formation test", 1, "none: left over from a trial"),
    Formation(27, "", 0, "none: blank name"),
    Formation(28, None, 0, "none: no name"),
    Formation(40, "<script>alert('formation')</script>", 0, "none: markup as a name"),
)
NO_SUCH_FORMATION = 9999


class SpecialSession(NamedTuple):
    """A session with a reason to exist; the ordinary cohorts are generated."""

    id: int
    code: str | None
    formation_id: int | None
    reason: str


SPECIAL_SESSIONS: tuple[SpecialSession, ...] = (
    SpecialSession(1, "BUR-2016-01", 1, "reserved id although it looks real"),
    SpecialSession(2, "Session-Attente", None, "reserved id"),
    SpecialSession(3, "Session-Attente Anglais", 4, "waiting by its code"),
    SpecialSession(4, "SESSION-ATTENTE-INFO", 6, "waiting by its code, capitals"),
    SpecialSession(5, "web session-attente 2020", 7, "waiting by its code, inside, small"),
    SpecialSession(6, "CPT-2018-02", None, "no formation: null"),
    SpecialSession(7, "FRA-2018-04", 0, "no formation: zero"),
    SpecialSession(8, "XXX-2018-01", NO_SUCH_FORMATION, "a formation that does not exist"),
    SpecialSession(9, "", 2, "blank code, clear formation: real"),
    SpecialSession(235, "BUR-2021-11", 1, "reserved id although it looks real"),
)
FIRST_REAL_SESSION = 10
NO_SUCH_SESSION = 88888

# (spelling, weight per thousand in stagiaires, in archives). Folded variants mean the same.
STATUSES: tuple[tuple[str | None, int, int], ...] = (
    ("Formée", 260, 170),
    ("FORMEE", 50, 30),
    ("formee ", 30, 20),
    ("FormÃ©e", 20, 30),  # double-encoded, repairable
    ("Formé", 2, 1),  # close to a known one, but not it
    ("Archivé", 20, 480),
    ("archivé", 5, 150),
    ("Archivè", 5, 60),
    ("ARCHIVÃ‰", 1, 10),  # double-encoded capital
    ("Informer", 190, 15),
    ("informer", 60, 5),
    ("Reporter", 70, 5),
    ("Ne répond pas", 70, 5),
    ("NE REPOND PAS", 15, 2),
    ("Confirmer", 80, 5),
    ("nouveau", 100, 5),
    ("Abandon", 8, 4),  # unknown to the rules
    ("a rappeler", 8, 2),
    ("", 3, 1),
    (None, 3, 0),
)

# How numbers are really typed. n=0559446168 i=559446168 a,b,c,d,e=pairs m=a second number.
PHONE_SPELLINGS: tuple[str, ...] = (
    "{n}", "{a} {b} {c} {d} {e}", "{a}.{b}.{c}.{d}.{e}", "{a}-{b}-{c}-{d}-{e}",
    "{a}/{b}/{c}/{d}/{e}",
    "{n4} {n3} {n33}", "{n4} {n6}", "({n4}) {n6}", "{n4}.{n6}", " {n} ", "\t{n}\n", "{i}", "{i}.0",
    "{n}.0", "+213{i}", "+213 {i}", "+213 {i1} {b} {c} {d} {e}", "+213-{i}", "+213 (0) {i}",
    "+2130{i}", "00213{i}", "00 213 {i}", "213{i}", "(+213) {i}", "O{i}", "o{i}", "{n} (père)",
    "{n} (mère)", "{n} pere", "tel {n}", "Tél: {n}", "tel:{n}", "TEL.{n}", "mob {n}", "N°{n}",
    "{n} whatsapp", "{n}/{m}", "{n} / {m}", "{n} - {m}", "{n} ou {m}", "{n};{m}", "{n},{m}",
    "{n} {m}", "{n}\n{m}", "{n}{m}", "'{n}", "{n}.", "{n}//", "\xa0{n}\xa0", "{a}_{b}_{c}_{d}_{e}",
)  # fmt: skip
# Only where the column can contain them (not in a latin1 table).
PHONE_SPELLINGS_UNICODE: tuple[str, ...] = ("{arabic}", "{wide}", "\u200e{n}", "{n}\u200f", "☎ {n}")
# (kind, text): numbers on which no one can be called. 06 39 98 and 555-01 are reserved for fiction.
BAD_PHONES: tuple[tuple[str, str | None], ...] = (
    ("placeholder", "0555555555"),
    ("placeholder", "0666666666"),
    ("placeholder", "0000000000"),
    ("placeholder", "0512345678"),
    ("placeholder", "0550505050"),
    ("short", "055944616"),
    ("short", "05594461"),
    ("short", "12"),
    ("long", "05594461680"),
    ("foreign", "+33 6 39 98 12 34"),
    ("foreign", "+1 202 555 0143"),
    ("unallocated", "0511946168"),
    ("text", "/"),
    ("text", "NULL"),
    ("text", "néant"),
    ("blank", ""),
    ("blank", None),
)
PLACEHOLDER_EMAILS = ("/", "NULL", "Ecoin.hank@gmail.com", "ECOIN.HANK@GMAIL.COM", "-", "néant",
                      "ecoin.hank@Gmail.com", " Ecoin.Hank@gmail.com ")  # fmt: skip
ROLE_EMAILS = ("contact@ecole-fictive.dz", "info@ecole-fictive.dz", "admin@ecole-fictive.dz",
               "formation@ecole-fictive.dz", "cybercafe@cyber-fictif.dz")  # fmt: skip
INVALID_EMAILS = ("amine@", "@example.dz", "amine example.dz", "a@b", "amine@@example.dz",
                  "amine.@example.dz", "amine@exam ple.dz")  # fmt: skip
EMAIL_TYPOS = ("@gmail.con", "@gmial.com", "@yaho.fr")
EMAIL_DOMAINS = _words("example.dz example.com example.org courriel-fictif.dz boite-fictive.dz")

WILAYAS = ("Alger", "Blida", "Béjaïa", "Tizi Ouzou", "Oran", "Sétif", "Annaba", "Médéa", "Batna")
NIVEAUX = ("3AS", "4AM", "Licence", "Master", "BTS", "", None, "Terminale", "Universitaire")
STREETS = ("Cité des Oliviers", "Rue du Marché", "Cité 200 logements", "Lot. El Amel", "Bd Central")
