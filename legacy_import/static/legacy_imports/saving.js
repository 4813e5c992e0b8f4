// Saves the decisions behind the row that is shown, one after another. One that is not saved stays on
// the page, with its row, until it is sent again.

const panel = document.getElementById("li-unsaved");
const unsaved = new Set(); // the decisions that the server has not accepted yet
let sending = Promise.resolve();

/** Save the form's decision about the row. `after` gets the server's answer, null if it is not saved. */
export function saveDecision(form, button, row, after) {
  // A row that is decided again: what was not saved about it is no longer meant.
  for (const other of unsaved) if (other.failed && other.form.action === form.action) unsaved.delete(other);
  const name = row.dataset.name, words = button?.firstChild.textContent.trim() ?? "";
  const decision = { form, button, name, words, after, sent: new FormData(form, button) };
  unsaved.add(decision);
  send(decision);
}

/** Wait for the server; whether it accepted every decision. */
export async function areAllSaved() {
  await sending;
  return !unsaved.size;
}

function send(decision) {
  decision.failed = decision.refused = false;
  sending = sending.catch(() => {}).then(async () => decision.after(await answerTo(decision)));
}

async function answerTo(decision) {
  let answer;
  try {
    answer = await fetch(decision.form.action, {
      method: "POST", body: decision.sent, headers: { Accept: "application/json" },
      redirect: "manual", keepalive: true, // also when the reviewer leaves the page meanwhile
    });
    if (answer.ok) {
      const next = await answer.json();
      unsaved.delete(decision);
      showUnsaved();
      return next;
    }
  } catch { /* no answer, or one that is not the server's */ }
  decision.failed = true;
  decision.refused = Boolean(answer && !answer.ok && answer.status < 500);
  // A refusal or the sign-in has a page that explains it, unless another decision would be lost there.
  if (decision.refused && unsaved.size === 1) sendAsPage(decision);
  else showUnsaved();
  return null;
}

/** Send the form as a page would: the server then answers with the page for it. */
function sendAsPage(decision) {
  const { form, button } = decision;
  unsaved.delete(decision);
  showUnsaved();
  if (unsaved.size) form.target = "_blank";
  else document.querySelector(".li-queue").inert = true; // the page is about to go
  form.hidden = true;
  document.body.append(form); // it may have left the page for the next row
  if (button?.name) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: button.name, value: button.value });
    form.append(field);
  }
  form.submit();
}

function showUnsaved() {
  const failed = [...unsaved].filter((decision) => decision.failed);
  const lines = failed.map((decision) => {
    const line = panel.querySelector("template").content.cloneNode(true), again = line.querySelector("button");
    line.querySelector("bdi").textContent = decision.name;
    line.querySelector("span").textContent = decision.words;
    again.addEventListener("click", () => {
      again.disabled = true;
      document.getElementById("li-row")?.focus(); // the button leaves the page
      if (decision.refused) sendAsPage(decision); else send(decision);
    });
    return line;
  });
  panel.querySelector("ul").replaceChildren(...lines);
  panel.hidden = !lines.length;
  // The buttons of a row that is still open can be used again.
  for (const { form } of failed) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
}

addEventListener("beforeunload", (event) => { if (!panel.hidden) event.preventDefault(); });
