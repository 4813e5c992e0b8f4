"""What is wrong with a page's layout: it scrolls sideways, text leaves its box, a target is small."""

from playwright.sync_api import Page

# WCAG 2.5.8: what is pressed is 24 by 24 CSS pixels, the label of a choice being part of it. Of its
# exceptions one is used: a link inside the sentences of a paragraph.
FAULTS = """() => {
    const faults = [], LEAST = 24, NEARLY = 0.05;
    const page = document.scrollingElement, shown = new Map();
    const words = one => {
        const text = (one.innerText || one.value || one.getAttribute("aria-label") || "").trim();
        const name = [one.tagName.toLowerCase() + (one.id && "#" + one.id), ...one.classList].join(".");
        return `${name} "${text.replace(/\\s+/g, " ").slice(0, 50)}"`;
    };
    const visible = one => one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})
        && !one.closest(".visually-hidden, [inert]");
    const clipped = one => {
        for (let box = one.parentElement; box && box !== document.body; box = box.parentElement)
            if (getComputedStyle(box).overflowX !== "visible") return true;
        return false;
    };

    if (page.scrollWidth > page.clientWidth) {
        const wide = [...document.body.querySelectorAll("*")].filter(one => {
            const box = one.getBoundingClientRect();
            return box.width && visible(one) && !clipped(one)
                && (box.right > page.clientWidth + 1 || box.left < -1);
        });
        const inner = wide.filter(one => !wide.some(other => other !== one && one.contains(other)));
        const first = inner.slice(0, 3).map(words).join(" | ");
        faults.push(`scrolls sideways (${page.scrollWidth} px): ${first}`);
    }

    const boxes = ".li-panel, .li-card, .li-alert, .li-decide, .li-table-wrap, .li-step, .li-pill,"
        + ".li-button, .li-chip, .li-tab, .li-table :is(th, td), fieldset, .messagelist li, #header,"
        + ".breadcrumbs";
    for (const one of document.querySelectorAll(boxes)) {
        if (!visible(one) || getComputedStyle(one).overflowX !== "visible") continue;
        if (getComputedStyle(one).display === "inline") continue;
        if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
            faults.push(`text leaves its box by ${one.scrollWidth - one.clientWidth}: ${words(one)}`);
    }

    const targets = "a[href], button, summary, select, textarea, input:not([type=hidden])";
    for (const one of document.querySelectorAll(targets)) {
        if (!visible(one)) continue;
        let box = one.getBoundingClientRect();
        if (!box.width || box.bottom + scrollY <= 0) continue;  // a skip link, until it has the focus
        let {width, height} = box;
        for (const label of one.labels || []) {
            const rest = label.getBoundingClientRect();
            if (!visible(label)) continue;
            width = Math.max(width, rest.width);
            height = Math.max(height, rest.height);
        }
        if (width >= LEAST - NEARLY && height >= LEAST - NEARLY) continue;
        if (one.matches("a") && getComputedStyle(one).display === "inline" && one.closest("p")) {
            const around = one.closest("p").cloneNode(true);
            for (const link of around.querySelectorAll("a, button")) link.remove();
            if (/\\p{L}{2}/u.test(around.textContent)) continue;
        }
        faults.push(`target of ${width.toFixed(1)} × ${height.toFixed(1)}: ${words(one)}`);
    }
    return faults;
}"""


def layout_faults(page: Page) -> list[str]:
    """Every fault of the page's layout at its present width, in words, each kind of place once."""
    faults: list[str] = page.evaluate(FAULTS)
    return faults


def scrolls_sideways(page: Page) -> bool:
    """Whether the page as a whole is wider than its window (a wide table scrolls by itself)."""
    wider: bool = page.evaluate(
        "() => document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    )
    return wider
