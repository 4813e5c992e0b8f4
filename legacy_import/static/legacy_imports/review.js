// The review queue: its keys, and the next row in the place of the decided one. Everything it does, a
// link or a button of the page does too.
import { announce, prepare } from "./base.js";
import { areAllSaved, saveDecision } from "./saving.js";

const OFF = "legacy-imports-keys-off"; // in localStorage: shortcuts are switched off (WCAG 2.1.4)
const SELECTED = "legacy-imports-selected"; // in sessionStorage: a list and the ids of its selected rows
const CLAIM_AGAIN = 4 * 60 * 1000; // milliseconds; a claim lasts five minutes
const REST = 400; // milliseconds, in which nobody has seen a new row yet

const queue = document.querySelector(".li-queue");
const help = document.getElementById("li-help");
const openRow = () => document.getElementById("li-row");
const links = () => [...document.querySelectorAll(".li-line > a")];
const boxes = () => [...document.querySelectorAll(".li-line input[type=checkbox]")];

function stored(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
  } catch { /* a browser that keeps nothing: shortcuts are as the page says */ }
}

// --- Another row in the place of the open one ------------------------------------------------------

const NOTHING = { url: "", html: null };
let shown = location.search;
let ahead = NOTHING; // the next row, requested while this one is read

/** A part of the page at this address: "row", or "around" it. Throws where the server refuses. */
async function requestPart(part, url) {
  const answer = await fetch(url, { headers: { "X-Part": part }, redirect: "manual" });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function lookAhead() {
  const wanted = { url: openRow()?.dataset.next || "", html: null };
  ahead = wanted;
  if (!wanted.url) return;
  try { wanted.html = await requestPart("row", wanted.url); } catch { /* requested when needed */ }
}

/** Show the row. Nothing is requested: that waits until the decision before it is saved. */
function show(html, url) {
  const place = document.querySelector(".li-queue-row");
  place.replaceChildren(...html.body.childNodes);
  ahead = NOTHING;
  history.pushState(null, "", url);
  shown = location.search;
  markOpenRow();
  prepare(place);
  const row = openRow(), claimed = document.getElementById("li-claim");
  if (claimed) claimed.hidden = true;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "start" });
}

/** The list shows which row is open, and its forms lead back to that row. */
function markOpenRow() {
  const open = openRow().dataset.row;
  for (const link of links()) {
    const line = link.parentElement, box = line.querySelector("input[type=checkbox]");
    const current = box.value === open;
    line.classList.toggle("li-line-current", current);
    link.toggleAttribute("aria-current", current);
    if (current) link.setAttribute("aria-current", "true");
    box.toggleAttribute("data-current", current);
    if (current) line.scrollIntoView({ block: "nearest" });
  }
  for (const field of document.querySelectorAll(":is(.li-queue-list, .li-queue-side) input[name=filter]"))
    field.value = location.search.slice(1);
}

function announceRow(said = "") {
  const row = openRow();
  if (!row) return;
  const all = links(), place = all.findIndex((link) => link.hasAttribute("aria-current")) + 1;
  const position = queue.dataset.position.replace("{place}", place).replace("{of}", all.length);
  announce([said, (place && !said ? `${position}: ` : "") + row.dataset.announce].filter(Boolean).join(". "));
}

/** Bring list, counts and last decisions up to date; what is selected or being typed in stays. */
async function refreshAround(url) {
  const html = await requestPart("around", url);
  if (location.href !== new URL(url, location.href).href) return; // the reviewer is further already
  for (const part of [".li-bar-top", ".li-progress", ".li-queue-list", ".li-queue-side"]) {
    const old = document.querySelector(part), now = html.querySelector(part);
    if (!old || !now || old.contains(document.activeElement)) continue;
    old.replaceWith(now);
    prepare(now);
    if (part === ".li-queue-side") isUndoOld = false;
  }
  prepareList();
}

async function move(step) {
  const all = links(), current = all.findIndex((link) => link.hasAttribute("aria-current"));
  const next = all[current < 0 ? 0 : current + step];
  const page = document.querySelector(step > 0 ? ".li-list a[rel=next]" : ".li-list a[rel=prev]");
  if (next) {
    try {
      show(await requestPart("row", next.href), next.href);
      announceRow();
      attend();
    } catch { location.assign(next.href); }
  } else if (page) location.assign(page.href);
  else announceRow();
}

// --- Deciding ----------------------------------------------------------------------------------------

let latest = null; // the form of the newest decision
let isUndoOld = false; // the list of last decisions does not have the newest one yet
let around = Promise.resolve(); // that list, requested

/** Show the next row at once if it is known, and save the decision. */
function decide(form, button) {
  latest = form;
  isUndoOld = true;
  const decided = openRow();
  if (ahead.html) show(ahead.html, ahead.url);
  const open = openRow();
  saveDecision(form, button, decided, (next) => goOn(form, open, next));
  document.querySelector(".li-queue-row").setAttribute("aria-busy", "true");
}

/** Show the row that the server gave after the decision, if the reviewer still is where it left them. */
async function goOn(form, open, next) {
  if (form !== latest) return; // another decision is on its way
  const place = document.querySelector(".li-queue-row");
  if (!next) { // it is not saved
    place.removeAttribute("aria-busy");
    attend();
    return;
  }
  try {
    if (!next.row) throw new Error("the queue is empty");
    const version = document.querySelector("#li-decide input[name=version]")?.value;
    const isShown = open.dataset.row === String(next.row) && version === String(next.version);
    if (openRow() === open && !isShown) {
      const clicks = form.isConnected ? "pointer" : "all";
      show(await requestPart("row", next.next), next.next);
      rest(place, clicks);
    }
  } catch {
    location.assign(next.next);
    return;
  }
  place.removeAttribute("aria-busy");
  document.getElementById("li-said").textContent = next.said && `✓ ${next.said}`;
  announceRow(next.said);
  attend();
  around = refreshAround(location.href).catch(() => {}); // or with the next decision
}

/** For a moment no click decides: it was meant for the row that was in this place. */
function rest(place, clicks) {
  place.dataset.rest = clicks;
  setTimeout(() => { delete place.dataset.rest; }, REST);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form[data-next-row]")) return;
  event.preventDefault();
  decide(form, event.submitter);
});

// The second click of a double click meets the next row, in the same place: it decides nothing.
document.addEventListener("click", (event) => {
  if (!event.target.closest("form[data-next-row] button")) return;
  const { rest } = document.querySelector(".li-queue-row").dataset;
  if (event.detail > 1 || rest === "all" || (rest && event.detail)) event.preventDefault();
}, { capture: true });

// The rows before were shown by the script: the server shows them again. A link inside the page is no
// other row.
addEventListener("popstate", () => { if (location.search !== shown) location.reload(); });

// --- Keys: the letter that is written on them; on other alphabets, their place ----------------------------

function press(letter) {
  const button = document.querySelector(`[data-key="${letter}"]`);
  // A decision is confirmed by Enter; what needs no confirmation is done.
  if (!button.closest("#li-decide")) button.click();
  else if (button.matches("summary")) writeNote(button);
  else {
    // "Treat as" needs to know as what before it can be confirmed.
    const choice = button.closest(".li-treat")?.querySelector("select");
    (choice && !choice.value ? choice : button).focus();
  }
}

function writeNote(summary) {
  summary.parentElement.open = true;
  document.getElementById("li-note").focus();
}

/** Undo the newest decision: never the one before it, which the list has until it is brought up to date. */
async function undoLast() {
  if (await areAllSaved()) await around;
  if (isUndoOld && await areAllSaved()) await refreshAround(location.href).catch(() => {});
  if (!isUndoOld) document.querySelector("#li-undo button")?.click();
}

function select() {
  const box = document.querySelector(".li-line input[data-current]");
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  announce(box.getAttribute("aria-label") + ": " + (box.checked ? "✓" : "–"));
}

function search() {
  const field = document.getElementById("li-search");
  if (field) { field.focus(); field.select(); }
}

function openHelp() {
  if (help && !help.open) help.showModal();
}

const MOVES = { j: () => move(1), k: () => move(-1), x: select, u: undoLast };
// The slash and the question mark wander from layout to layout: what is written on them counts. Where
// nothing of it is written (Arabic), the key in that place of most keyboards does.
const SIGNS = { "/": search, "?": openHelp, "؟": openHelp };

// The help lists every key (screens/review/keys.py).
const KEYS = new Set([...help.querySelectorAll("kbd")].map((key) => key.textContent));

function actionOf(event) {
  if (!event.key) return null; // a browser that fills a form
  if (SIGNS[event.key]) return SIGNS[event.key];
  if (event.code === "Slash" && !/^[!-~]$/.test(event.key)) return event.shiftKey ? openHelp : search;
  const written = event.key.toLowerCase(), placed = event.code.replace("Key", "").toLowerCase();
  const letter = KEYS.has(written) ? written : placed;
  if (MOVES[letter]) return MOVES[letter];
  return letter && document.querySelector(`[data-key="${CSS.escape(letter)}"]`) ? () => press(letter) : null;
}

function isTyping(target) {
  return target instanceof Element
    && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (help && help.open) return;
  const choice = event.target.closest?.(".li-treat select");
  if (choice && event.key === "Enter" && choice.value) {
    event.preventDefault();
    choice.parentElement.querySelector("button").click();
    return;
  }
  if (event.key === "Escape" && event.target.closest?.("#li-decide")) openRow()?.focus();
  if (isTyping(event.target)) return;
  const act = actionOf(event);
  // Switched off, they are switched on again in the help, which its button opens.
  if (!act || stored(OFF)) return;
  event.preventDefault();
  act();
});

// --- The selection: it stays while another row or page of the same list is shown ------------------------------

const listOf = () => document.querySelector(".li-list")?.dataset.list;
let selected = new Set(storedSelection());

function storedSelection() {
  // Its rows are decided: the server says so in the address.
  if (location.hash === "#decided") history.replaceState(null, "", location.pathname + location.search);
  else try {
    const { list, ids } = JSON.parse(sessionStorage.getItem(SELECTED)) || {};
    return list === listOf() ? ids : [];
  } catch { /* only the boxes of this page count */ }
  return [];
}

function setSelected(some, isSelected) {
  for (const box of some) {
    box.checked = isSelected;
    if (isSelected) selected.add(box.value); else selected.delete(box.value);
  }
  keepSelection();
}

function keepSelection() {
  const kept = JSON.stringify({ list: listOf(), ids: [...selected] });
  try { sessionStorage.setItem(SELECTED, kept); } catch { /* it lasts as long as this page */ }
  showSelection();
}

function showSelection() {
  const said = document.getElementById("li-selected"), none = document.getElementById("li-select-none");
  for (const box of boxes()) box.checked = selected.has(box.value);
  if (!said) return;
  said.textContent = selected.size ? `(${said.dataset.some} ${selected.size})` : `(${said.dataset.none})`;
  none.hidden = !selected.size;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#li-help-open")) openHelp();
  if (event.target.closest("#li-select-page")) setSelected(boxes(), !boxes().every((box) => box.checked));
  if (event.target.closest("#li-select-none")) {
    selected = new Set();
    keepSelection();
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches(".li-line input[type=checkbox]")) setSelected([event.target], event.target.checked);
});
// With the rows of this page, the form sends those that were selected on others.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".li-list")) return;
  const here = new Set(boxes().map((box) => box.value));
  for (const id of selected) if (!here.has(id)) event.formData.append("ids", id);
});

function prepareList() {
  for (const id of ["li-help-open", "li-select-page"]) {
    const button = document.getElementById(id);
    if (button) button.hidden = false;
  }
  showSelection();
}

// --- The help, and switching shortcuts off ------------------------------------------------------------------

if (help) {
  const on = document.getElementById("li-keys-on");
  on.checked = !stored(OFF);
  on.addEventListener("change", () => store(OFF, on.checked ? null : "yes"));
}

// --- Who is looking -----------------------------------------------------------------------------------

async function claim() {
  const form = document.getElementById("li-claim");
  if (!form) return;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
    });
    if (!answer.ok || !form.isConnected) return;
    const holder = document.getElementById("li-holder");
    const { other } = await answer.json();
    if (holder && holder.textContent.trim() !== other) holder.textContent = other;
  } catch { /* nobody is told; nothing else changes */ }
}
setInterval(() => { if (!document.hidden) claim(); }, CLAIM_AGAIN);

/** Other users see that this row is open; the next one is requested, which is no look at it. */
function attend() {
  claim();
  lookAhead();
}

// --- Masked again on leaving ---------------------------------------------------------------------------

addEventListener("pagehide", () => {
  for (const panel of document.querySelectorAll(".li-revealed")) panel.remove();
});

prepareList();
const claimForm = document.getElementById("li-claim");
if (claimForm) claimForm.hidden = true;
attend();
document.querySelector(".li-revealed")?.focus();
announceRow(document.querySelector(".messagelist")?.textContent.trim());
