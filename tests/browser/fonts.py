"""Two sets of fonts for the layout, the same on every machine.

Measured with every word of the translations (locale/fr, locale/ar), DejaVu Sans being 1:

    Lemonada      Latin 1.16, Arabic 1.27 (bold 1.5), its letters' box 0.63 as high
    DejaVu Sans   wider than Noto Sans (0.94), FreeSans (0.86) and Amiri (0.77)

So Lemonada finds what is too narrow for its words and what is high only because its letters are;
DejaVu is what a machine without any other font shows, with lines of its own height.

The browser of a run reads a fontconfig file of its own and sees these families and no other, all
its generic families being DejaVu. So a page shows the first set by itself. The second one is put on
in the open page: one load serves both.
"""

from dataclasses import dataclass
from pathlib import Path

from django.contrib import admin
from playwright.sync_api import Browser, Page

CONFIGURATION = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir prefix="xdg">fonts</dir>
<cachedir>{cache}</cachedir>
<selectfont><acceptfont>{accepted}</acceptfont><rejectfont>{everything}</rejectfont></selectfont>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
<match target="pattern">
<edit name="family" mode="append_last"><string>DejaVu Sans</string></edit>
</match>
</fontconfig>
"""
ACCEPTED = '<pattern><patelt name="family"><string>{family}</string></patelt></pattern>'
# fontconfig takes an accepted pattern before a rejected one, but a rejected glob before both.
EVERYTHING = "".join(
    f'<pattern><patelt name="scalable"><bool>{value}</bool></patelt></pattern>'
    for value in ("true", "false")
)
# Drawn with the admin's own style sheet: which of the families it lists is found is the question.
STYLES = Path(admin.__file__).parent / "static" / "admin" / "css" / "base.css"
SAMPLE = "<p lang=fr>Vérification des stagiaires</p><p lang=ar dir=rtl>مراجعة المتدربين</p>"
# The admin's style sheets take the family of all text from this property; a script may set it
# whatever the content policy says of styles.
PUT_ON = """families => {
    const root = document.documentElement;
    if (families) root.style.setProperty("--font-family-primary", families);
    else root.style.removeProperty("--font-family-primary");
    return root.offsetHeight;  // laid out before anybody looks
}"""


@dataclass(frozen=True)
class FontSet:
    """A family for all text, the page's own where `named` is false; `package` is Debian's name."""

    name: str
    family: str
    package: str
    named: bool

    def put_on(self, page: Page) -> None:
        """Show the open page in this set; what it has no letter for (→, •) comes from DejaVu."""
        page.evaluate(PUT_ON, f'"{self.family}", sans-serif' if self.named else "")


DEJAVU = FontSet("dejavu", "DejaVu Sans", "fonts-dejavu-core", named=False)
WIDE = FontSet("wide", "Lemonada", "fonts-lemonada", named=True)
FONT_SETS = (DEJAVU, WIDE)


def write_configuration(folder: Path) -> Path:
    """The fontconfig file (FONTCONFIG_FILE) of a run, with a cache of its own beside it."""
    families = [*(fonts.family for fonts in FONT_SETS), "DejaVu Sans Mono"]
    file = folder / "fonts.conf"
    file.write_text(
        CONFIGURATION.format(
            cache=folder / "cache",
            accepted="".join(ACCEPTED.format(family=family) for family in families),
            everything=EVERYTHING,
        ),
        "utf-8",
    )
    return file


def missing_fonts(browser: Browser) -> list[str]:
    """What to install, in words, for each set in which French and Arabic are not really drawn."""
    page = browser.new_page()
    page.set_content(f"<style>{STYLES.read_text('utf-8')}</style>{SAMPLE}")
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
    nodes = devtools.send("DOM.querySelectorAll", {"nodeId": root, "selector": "p"})["nodeIds"]
    missing = []
    for fonts in FONT_SETS:
        fonts.put_on(page)
        drawn = {
            font["familyName"]
            for node in nodes
            for font in devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        }
        if drawn != {fonts.family}:
            missing.append(
                f"These tests need the font {fonts.family}: apt-get install {fonts.package} "
                f"(the browser shows {', '.join(sorted(drawn)) or 'none'})"
            )
    page.close()
    return missing
