"""The fictional names in Arabic letters, as clerks write them.

Data only. Family names with a prefix (Benali, Aït Ali) are put together from their parts.
"""


def _forms(text: str) -> dict[str, str]:
    pairs = (pair.split("=") for pair in text.split(";"))
    return {latin.strip(): arabic.strip() for latin, arabic in pairs}


GIVEN: dict[str, str] = _forms("""
Amina = أمينة; Asma = أسماء; Amel = أمال; Assia = آسيا; Chahinez = شهيناز; Dalila = دليلة;
Djamila = جميلة; Fatiha = فتيحة; Fatima = فاطمة; Fella = فلة; Hafida = حفيظة;
Hanane = حنان; Houria = حورية; Imane = إيمان; Ikram = إكرام; Kenza = كنزة;
Khadidja = خديجة; Karima = كريمة; Leïla = ليلى; Lamia = لمياء; Lynda = ليندة;
Malika = مليكة; Meriem = مريم; Manel = منال; Mouna = منى; Nabila = نبيلة; Nadia = نادية;
Nadjet = نجاة; Naïma = نعيمة; Nesrine = نسرين; Nawel = نوال; Ouarda = وردة;
Rachida = رشيدة; Radia = راضية; Rania = رانية; Rym = ريم; Sabrina = صبرينة; Safia = صفية;
Salima = سليمة; Samira = سميرة; Sarah = سارة; Selma = سلمى; Sihem = سهام; Sonia = صونية;
Souad = سعاد; Soumia = سمية; Thiziri = تيزيري; Wafa = وفاء; Wassila = وسيلة;
Yasmine = ياسمين; Yamina = يمينة; Zahra = زهراء; Zineb = زينب; Zohra = زهرة;
Abdelkader = عبد القادر; Abdelhak = عبد الحق; Abderrahmane = عبد الرحمان;
Abdallah = عبد الله; Achour = عاشور; Adel = عادل; Ahmed = أحمد; Aïssa = عيسى; Akli = أكلي;
Ali = علي; Amar = عمار; Amine = أمين; Anis = أنيس; Ayoub = أيوب; Azzedine = عز الدين;
Belkacem = بلقاسم; Bilal = بلال; Boualem = بوعلام; Brahim = ابراهيم; Djamel = جمال;
Farid = فريد; Fayçal = فيصل; Fouad = فؤاد; Hakim = حكيم; Hamid = حميد; Hamza = حمزة;
Hichem = هشام; Hocine = حسين; Idir = إيدير; Ilyes = إلياس; Islam = إسلام; Ismaïl = إسماعيل;
Kamel = كمال; Karim = كريم; Khaled = خالد; Lakhdar = لخضر; Larbi = العربي; Lotfi = لطفي;
Mahdi = المهدي; Malek = مالك; Massinissa = ماسينيسا; Mehdi = مهدي; Mourad = مراد;
Mohamed = محمد; Mokhtar = مختار; Mounir = منير; Mustapha = مصطفى; Nabil = نبيل;
Nacer = ناصر; Nassim = نسيم; Nazim = ناظم; Noureddine = نور الدين; Omar = عمر;
Oussama = أسامة; Rabah = رابح; Rachid = رشيد; Riad = رياض; Redouane = رضوان; Ryad = رياض;
Saïd = سعيد; Salah = صلاح; Salim = سليم; Samir = سمير; Sofiane = سفيان; Tahar = الطاهر;
Tarek = طارق; Toufik = توفيق; Walid = وليد; Yacine = ياسين; Youcef = يوسف; Younes = يونس;
Yazid = يزيد; Zakaria = زكرياء; Lamine = الأمين; Nadir = نذير; Chérif = الشريف;
Eddine = الدين; Nour = نور; Chems = شمس; Imad = عماد; Kheir = خير; Lina = لينا;
El Houda = الهدى
""")

FAMILY: dict[str, str] = _forms("""
Abbad = عباد; Achouri = عاشوري; Aggoun = عقون; Allali = علالي; Amrani = عمراني;
Arab = عراب; Attia = عطية; Ayadi = عيادي; Azzouz = عزوز; Bachir = بشير; Bakhti = بختي;
Barkat = بركات; Belaïd = بلعيد; Belkadi = بلقاضي; Belhadj = بلحاج; Bellal = بلال;
Benchikh = بن الشيخ; Berkane = بركان; Bessa = بسة; Bouaziz = بوعزيز; Boudiba = بوذيبة;
Bouguerra = بوقرة; Boukhari = بوخاري; Boulahia = بولحية; Bousbia = بوسبعية;
Brahimi = براهيمي; Chabane = شعبان; Chaïb = شايب; Chelli = شلي; Cherfaoui = شرفاوي;
Chergui = شرقي; Dahmani = دحماني; Daoudi = داودي; Debbah = دباح; Derradji = دراجي;
Djebbar = جبار; Djouadi = جوادي; Drif = ضريف; Fekir = فقير; Ferhat = فرحات; Fodil = فضيل;
Gacem = قاسم; Ghezali = غزالي; Guendouz = قندوز; Guerfi = قرفي; Hachemi = هاشمي;
Haddad = حداد; Hadjadj = حجاج; Hamadi = حمادي; Hammoudi = حمودي; Hamrouche = حمروش;
Hannachi = حناشي; Harrat = حراث; Hocini = حسيني; Ighil = إيغيل; Issaad = اسعد; Kaci = قاسي;
Kaddour = قدور; Kadri = قادري; Kerrouche = كروش; Khelifi = خليفي; Khodja = خوجة;
Kebir = كبير; Lachheb = لشهب; Lahmar = لحمر; Lakehal = لكحل; Lounis = لونيس; Maamar = معمر;
Madani = مدني; Mahdjoub = محجوب; Makhlouf = مخلوف; Mansouri = منصوري; Mazouz = معزوز;
Mebarki = مباركي; Meddour = مدور; Mekki = مكي; Merabet = مرابط; Meziane = مزيان;
Mokrani = مقراني; Nait = نايت; Ouali = والي; Ouahab = وهاب; Oukaci = أوقاسي;
Rahmani = رحماني; Ramdani = رمضاني; Redjem = رجم; Rezig = رزيق; Saadi = سعدي;
Sahli = ساحلي; Saïdani = سعيداني; Saker = صقر; Saoudi = سعودي; Sebti = سبتي; Selmi = سالمي;
Serir = سرير; Slimani = سليماني; Smati = سماتي; Soltani = سلطاني; Taleb = طالب;
Tayeb = الطيب; Tebib = طبيب; Touati = تواتي; Toumi = تومي; Yahi = ياحي; Yahiaoui = يحياوي;
Yaker = ياكر; Zaidi = زايدي; Zemmouri = زموري; Zenati = زناتي; Zeroual = زروال;
Ziani = زياني; Zidane = زيدان; Zouaoui = زواوي
""")

PREFIXES = {"Ben": "بن", "Bou": "بو", "Aït": "آيت"}
ROOTS: dict[str, str] = _forms("""
Abdallah = عبد الله; Aissa = عيسى; Ali = علي; Amar = عمار; Chérif = شريف; Djamaa = جمعة;
Hamida = حميدة; Kaci = قاسي; Khaled = خالد; Larbi = العربي; Lakhdar = لخضر;
Mansour = منصور; Merah = مراح; Moussa = موسى; Naceur = ناصر; Rabah = رابح; Salem = سالم;
Slimane = سليمان; Tahar = الطاهر; Yahia = يحيى; Youcef = يوسف; Ziane = زيان; Zid = زيد;
Omar = عمر; Daoud = داود; Amara = عمارة; Saïd = سعيد; Ouali = والي; Hamou = حمو;
Messaoud = مسعود
""")


def given_in_arabic(name: str) -> str:
    """A given name of the fictional school, single or compound, in Arabic letters."""
    if name in GIVEN:
        return GIVEN[name]
    first, _, second = name.partition(" ")
    return f"{GIVEN[first]} {GIVEN[second]}"


def family_in_arabic(name: str) -> str:
    """A family name of the fictional school in Arabic letters."""
    if name in FAMILY:
        return FAMILY[name]
    prefix, root = name[:3], name[3:].strip()
    return f"{PREFIXES[prefix]} {ROOTS[root[0].upper() + root[1:]]}"


_SIGNS = str.maketrans("أإآىة", "اااي\u0647")


def bare_arabic(name: str) -> str:
    """A name as hurried clerks write it: without hamza, ya for the final alef, ha for ta marbuta."""
    return name.translate(_SIGNS)
