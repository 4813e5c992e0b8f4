"""Two sets of fonts for the layout, the same on every machine: a browser sees one set and no other.

Measured with every word of the translations (locale/fr, locale/ar), DejaVu Sans being 1:

    Lemonada      Latin 1.16, Arabic 1.27 (bold 1.5), its letters' box 0.63 as high
    DejaVu Sans   wider than Noto Sans (0.94), FreeSans (0.86) and Amiri (0.77)

So Lemonada finds what is too narrow for its words and what is high only because its letters are;
DejaVu is what a machine without any other font shows, with lines of its own height.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

CONFIGURATION = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir prefix="xdg">fonts</dir>
<cachedir>{cache}</cachedir>
<selectfont>
<acceptfont>{accepted}</acceptfont>
<rejectfont>{everything}</rejectfont>
</selectfont>
{aliases}
</fontconfig>
"""
ACCEPTED = '<pattern><patelt name="family"><string>{family}</string></patelt></pattern>'
# fontconfig takes an accepted pattern before a rejected one, but a rejected glob before both.
EVERYTHING = "".join(
    f'<pattern><patelt name="scalable"><bool>{value}</bool></patelt></pattern>'
    for value in ("true", "false")
)
ALIAS = (
    "<alias binding='same'><family>{generic}</family><prefer><family>{family}</family>"
    "</prefer></alias>"
)
SAMPLE = "<p lang=fr>Vérification des stagiaires</p><p lang=ar dir=rtl>مراجعة المتدربين</p>"


@dataclass(frozen=True)
class FontSet:
    """The families that a browser may use; the first one is that of the text.

    `package` is what Debian calls the package of the first family.
    """

    name: str
    families: tuple[str, ...]
    package: str

    @property
    def text(self) -> str:
        return self.families[0]

    def write(self, folder: Path) -> Path:
        """The fontconfig file (FONTCONFIG_FILE) of this set, with a cache of its own beside it."""
        generics = {"sans-serif": self.text, "serif": self.text, "system-ui": self.text,
                    "monospace": self.families[-1]}  # fmt: skip
        file = folder / f"{self.name}.conf"
        file.write_text(
            CONFIGURATION.format(
                everything=EVERYTHING,
                cache=folder / f"{self.name}-cache",
                accepted="".join(ACCEPTED.format(family=one) for one in self.families),
                aliases="".join(
                    ALIAS.format(generic=generic, family=family)
                    for generic, family in generics.items()
                ),
            ),
            "utf-8",
        )
        return file


# The wide one takes its symbols (→, •) and its codes from DejaVu: Lemonada has neither.
DEJAVU = FontSet("dejavu", ("DejaVu Sans", "DejaVu Sans Mono"), "fonts-dejavu-core")
WIDE = FontSet("wide", ("Lemonada", "DejaVu Sans", "DejaVu Sans Mono"), "fonts-lemonada")
FONT_SETS = (DEJAVU, WIDE)


def shown_families(browser: Browser) -> set[str]:
    """The families in which this browser really draws French and Arabic words."""
    page = browser.new_page()
    page.set_content(SAMPLE)
    devtools = page.context.new_cdp_session(page)
    ask: Callable[..., dict[str, list[dict[str, str]]]] = devtools.send
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
    nodes = devtools.send("DOM.querySelectorAll", {"nodeId": root, "selector": "p"})["nodeIds"]
    families = {
        font["familyName"]
        for node in nodes
        for font in ask("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    }
    page.close()
    return families
