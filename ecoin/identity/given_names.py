"""Common Algerian given names: two of them are never a slip of one another.

Amine and Amir, Samir and Samira, Mohamed and Mahmoud are one letter apart and are brothers and
sisters on one phone. A comparison that forgives slips must not forgive these. Spellings of one and
the same name stand together, joined by a slash; a name that folds alike needs no second spelling.
"""

from __future__ import annotations

from typing import Final

_MEN: Final = """
mohamed/mhamed/mohand mahmoud hamid hamoud hamdi hamdane hamza ahmed/hmed hamed hammad
amar/ammar/amer amir amine/lamine amin omar imad/imed adel/adil adem/adam ali/alli aliou alaa
elias/ilyes/lyes anis anes/anas younes/younis yanis/yanni yacine/yassine yasser/yacer
nacer/nasser/naceur nassim/nacim nazim naim nabil nadir nadhir nader nourdine/noureddine/nordine
mourad mounir mounib mokhtar moussa mouloud/miloud moulay messaoud mebarek/mbarek meziane
mahdi/mehdi madjid/abdelmadjid malek/malik mustapha/mostefa/moustafa mansour marouane/merouane
mokrane moncef/mouncef samir sami samy sofiane said saad saadi salah/saleh salim/selim/slim salem
slimane/soulaiman sliman souhil/souheil sid ismail/smail ibrahim/brahim bachir badr/badis
badreddine bilal/billal boualem boudjema boubaker/aboubaker chakib cherif chaker chems
djamel/jamel djelloul djilali djaber/jaber djaafar/djafar fares/faris farid fethi/fathi farouk
fateh/fatah faycal/faisal fodil/fodhil fouad fouzi/faouzi fayez ghani ghiles hakim abdelhakim
halim abdelhalim hassan/hacene hocine/hussein houcine hichem/hicham hadj/haj habib idir idris
islam/slam issam/aissam issa/aissa kamel/kamal karim/abdelkarim khaled/khalid khalil kheireddine
koceila lakhdar lahcen larbi lotfi/loutfi lounes/lounis massinissa menad nasreddine oussama/ousama
okba omrane rabah rachid/rached rafik/rafiq ramzi ramdane/ramadan riad/riyad/ryad rida/reda/redha
ridha raouf/abderraouf rayane rostom sadek/sedik safi seddik seif seifeddine seddam sebti tahar
tarek/tarik/tariq taha taieb/tayeb toufik/tewfik wahid walid wassim/ouassim wail/wael yahia/yahya
yazid yacoub youcef/youssef/yousef zaki zakaria zinedine zine zoubir zohir/zouhir aymen/aimen
ayoub abderrahmane abdallah abdelkader abdelaziz abdelatif abdelhak abdelhamid abdelmalek
abdelouahab abdenour abdeslam abdessamed akram aksel arezki azzedine aziz
"""

_WOMEN: Final = """
fatima/fatma fatiha fatine farida fadila/fadhela faiza fairouz feriel fella samira samia/samiya
samah safia/safiya safa/saffa sabrina sabra sarah/sara salima selma/salma salwa/saloua siham/sihem
sihame souad souhila/souhaila soumia/soumaya soraya sonia/soniya sana/sanaa saida saliha sakina
sadia nadia/nadya nadjia nadjet/nadjat nadjla nadira nacera/nassera/nacira naima nassima/nacima
nabila nawel/naouel nour nora/noura nouria nihad/nihed nesrine/nasrine nardjes karima
khadidja/khadija kheira kaouther/kaoutar kenza amina/yamina amira amel/amal amal aicha/aisha
asma/esma assia/asia anissa arwa/aroua ahlam abla aida/aïda bouchra baya bahia chahra chahinez
chaima/chaimaa cherifa dalila dalal dalia djamila/jamila djohra djamia donia/dounia dina
hafida/hafidha halima hamida hanane/hanan hanene hania hassiba/hasiba hayet/hayat hind houda/hoda
houria/hourya habiba houaria ikram imane/imene iman ibtissem/ibtissam ines/inas kamelia kamila
lamia lila/leila/leïla linda lina latifa louiza lynda lydia malika maria/mariya
meriem/mariam/maryam mouna/mona/mina mounia mounira madina manel/manal maissa/maysa melissa
mokhtaria nabiha ouarda/warda ouahiba/wahiba rachida radia/radhia rahma rania/raniya rim/rima ryma
rym rofaida rokia/rokaya romaissa/roumaissa rabia rabha/rabiha sabah taous tassadit thiziri
wafa/ouafa wassila wissem/wissam widad yasmine/yasmina/yassamine yousra zahia zahra/zohra
zineb/zaineb/zaynab zakia zoulikha zoubida zohour aldjia cylia/celia dihia djazia
"""


def _groups() -> dict[str, int]:
    """Spelling → number of its name, spellings of one name together."""
    number_of: dict[str, int] = {}
    for number, entry in enumerate((_MEN + _WOMEN).split()):
        for spelling in entry.split("/"):
            number_of.setdefault(spelling, number)
    return number_of


SPELLINGS: Final = _groups()
