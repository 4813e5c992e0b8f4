// The keyboard of the review queue. Everything it does, a link or a button of the page does too.
import { announce } from "./base.js";

const OFF = "legacy-imports-keys-off"; // in localStorage: shortcuts are switched off (WCAG 2.1.4)
const CLAIM_AGAIN = 4 * 60 * 1000; // milliseconds; a claim lasts five minutes

const row = document.getElementById("li-row");
const help = document.getElementById("li-help");
const decide = document.getElementById("li-decide");
const links = [...document.querySelectorAll(".li-line > a")];
const boxes = [...document.querySelectorAll(".li-line input[type=checkbox]")];

function stored(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
  } catch { /* a browser that keeps nothing: shortcuts are as the page says */ }
}

// --- Moving, selecting, deciding ------------------------------------------------------------------

function move(step) {
  const current = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[current < 0 ? 0 : current + step];
  const page = document.querySelector(step > 0 ? ".li-list a[rel=next]" : ".li-list a[rel=prev]");
  if (next) location.assign(next.href);
  else if (page) location.assign(page.href);
  else announce(row ? row.dataset.announce : "");
}

function select() {
  const box = document.querySelector(".li-line input[data-current]");
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  announce(box.getAttribute("aria-label") + ": " + (box.checked ? "✓" : "–"));
}

function focusDecision(digit) {
  const button = decide && decide.querySelector(`button[data-key="${digit}"]`);
  if (!button) return;
  // "Treat as" needs to know as what before it can be confirmed.
  const choice = button.closest(".li-treat")?.querySelector("select");
  (choice && !choice.value ? choice : button).focus();
  button.scrollIntoView({ block: "nearest" });
}

const treatAs = document.getElementById("li-treat-as");
if (treatAs) {
  treatAs.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !treatAs.value) return;
    event.preventDefault();
    treatAs.parentElement.querySelector("button").click();
  });
}

function submit(id) {
  const form = document.getElementById(id);
  if (form) form.requestSubmit();
}

function search() {
  const field = document.getElementById("li-search");
  if (field) { field.focus(); field.select(); }
}

function openHelp() {
  if (help && !help.open) help.showModal();
}

// --- Keys: by place for letters and digits, whatever the layout writes there ----------------------

const BY_CODE = {
  KeyJ: () => move(1),
  KeyK: () => move(-1),
  KeyX: select,
  KeyR: () => submit("li-repeat"),
  KeyU: () => submit("li-undo"),
};
for (const digit of "1234") {
  BY_CODE[`Digit${digit}`] = () => focusDecision(digit);
  BY_CODE[`Numpad${digit}`] = () => focusDecision(digit);
}
// The slash and the question mark wander from layout to layout: what is written on them counts.
const BY_KEY = { "/": search, "?": openHelp, "؟": openHelp };

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

// --- The help, and switching shortcuts off ---------------------------------------------------------

const opener = document.getElementById("li-help-open");
if (opener && help) {
  opener.hidden = false;
  opener.addEventListener("click", openHelp);
  const on = document.getElementById("li-keys-on");
  on.checked = !stored(OFF);
  on.addEventListener("change", () => store(OFF, on.checked ? null : "yes"));
}

// --- How many are selected ---------------------------------------------------------------------------

const said = document.getElementById("li-selected");
function countSelected() {
  if (!said) return;
  const number = boxes.filter((box) => box.checked).length;
  said.textContent = number ? `(${said.dataset.some} ${number})` : `(${said.dataset.none})`;
}
for (const box of boxes) box.addEventListener("change", countSelected);
countSelected();
const selectPage = document.getElementById("li-select-page");
if (selectPage) {
  selectPage.hidden = false;
  selectPage.addEventListener("click", () => {
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    countSelected();
  });
}

// --- Who is looking -----------------------------------------------------------------------------------

const claimForm = document.getElementById("li-claim");
async function claim() {
  try {
    const answer = await fetch(claimForm.action, {
      method: "POST", body: new FormData(claimForm), headers: { Accept: "application/json" },
    });
    if (!answer.ok) return;
    const holder = document.getElementById("li-holder");
    const { other } = await answer.json();
    if (holder && holder.textContent.trim() !== other) holder.textContent = other;
  } catch { /* nobody is told; nothing else changes */ }
}
if (claimForm) {
  claimForm.hidden = true;
  claim();
  setInterval(() => { if (!document.hidden) claim(); }, CLAIM_AGAIN);
}

// --- Masked again on leaving ---------------------------------------------------------------------------

const revealed = [...document.querySelectorAll(".li-revealed")];
addEventListener("pagehide", () => { for (const panel of revealed) panel.remove(); });
if (revealed.length) revealed[0].focus();

// --- Said after each move --------------------------------------------------------------------------------

const message = document.querySelector(".messagelist");
if (row) announce([message && message.textContent.trim(), row.dataset.announce].filter(Boolean).join(". "));
