// The keyboard of the list of probable owners. Everything it does, a link or a button of the page does too.

const OFF = "legacy-imports-keys-off"; // in localStorage: shortcuts are switched off (WCAG 2.1.4)

const row = document.getElementById("li-row");
const help = document.getElementById("li-help");
const decide = document.getElementById("li-decide");
const live = document.getElementById("li-live");
const links = [...document.querySelectorAll(".li-line > a")];

function stored(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
  } catch { /* a browser that keeps nothing: shortcuts are as the page says */ }
}

function announce(words) {
  if (!live || !words) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 50);
}

function move(step) {
  const current = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[current < 0 ? 0 : current + step];
  const page = document.querySelector(step > 0 ? ".li-list a[rel=next]" : ".li-list a[rel=prev]");
  if (next) location.assign(next.href);
  else if (page) location.assign(page.href);
  else announce(row && row.dataset.announce);
}

function focusDecision(code) {
  const button = decide && decide.querySelector(`button[data-key="${code}"]`);
  if (!button) return;
  button.focus();
  button.scrollIntoView({ block: "nearest" });
}

function undo() {
  const form = document.querySelector("form[data-undo]");
  if (form) form.requestSubmit();
}

function openHelp() {
  if (help && !help.open) help.showModal();
}

// By place for letters, whatever the layout writes there.
const BY_CODE = { KeyJ: () => move(1), KeyK: () => move(-1), KeyU: undo };
for (const code of ["KeyL", "KeyN", "KeyZ"]) BY_CODE[code] = () => focusDecision(code);
// The question mark wanders from layout to layout: what is written on the key counts.
const BY_KEY = { "?": openHelp, "؟": openHelp };

function isTyping(target) {
  return target instanceof Element
    && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (isTyping(event.target) || (help && help.open)) return;
  const act = BY_KEY[event.key] || BY_CODE[event.code];
  // Switched off, they are switched on again in the help, which its button opens.
  if (!act || stored(OFF)) return;
  event.preventDefault();
  act();
});

const opener = document.getElementById("li-help-open");
if (opener && help) {
  opener.hidden = false;
  opener.addEventListener("click", openHelp);
  const on = document.getElementById("li-keys-on");
  on.checked = !stored(OFF);
  on.addEventListener("change", () => store(OFF, on.checked ? null : "yes"));
}

const message = document.querySelector(".messagelist");
if (row) announce([message && message.textContent.trim(), row.dataset.announce].filter(Boolean).join(". "));
