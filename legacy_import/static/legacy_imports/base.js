// What every screen of the import shares. Without it everything works; only slower.

/** Say something to those who hear the page. The same words twice are said twice. */
export function announce(words) {
  const place = document.getElementById("li-live");
  if (!place) return;
  place.textContent = "";
  setTimeout(() => { place.textContent = words; }, 50);
}

function copyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      announce(button.dataset.copied);
      const label = button.textContent;
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  }
}

/** A form with data-once is sent once: a second click finds its buttons at rest. */
function sentOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  // Back out of the browser's memory: the form may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  });
}

/** A form with data-auto is sent when a choice in it changes; its own button is then not needed. */
function sentByChoosing(root) {
  for (const form of root.querySelectorAll("form[data-auto]")) {
    for (const button of form.querySelectorAll("[data-without-script]")) button.hidden = true;
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=radio], input[type=checkbox]")) form.requestSubmit();
    });
  }
}

/** A table that is wider than its frame is scrolled by keyboard, too; one that fits is no stop. */
function scrolledByKeyboard(root) {
  const frames = [...root.querySelectorAll(".li-table-wrap")];
  const measure = (frame) => {
    if (frame.scrollWidth <= frame.clientWidth) {
      if (document.activeElement !== frame) frame.removeAttribute("tabindex");
      return;
    }
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    if (frame.hasAttribute("aria-labelledby") || frame.hasAttribute("aria-label")) return;
    const caption = frame.querySelector("caption");
    if (caption) frame.setAttribute("aria-label", caption.textContent.trim());
  };
  const sizes = new ResizeObserver((changes) => { for (const one of changes) measure(one.target); });
  for (const frame of frames) {
    // What takes the focus by itself (a revealed payload) keeps its own place.
    if (frame.getAttribute("tabindex") === "-1") continue;
    measure(frame);
    sizes.observe(frame);
  }
}

/** What the elements below `root` need; for the whole page, and for what a script puts into it. */
export function prepare(root) {
  copyButtons(root);
  scrolledByKeyboard(root);
  sentByChoosing(root);
}

prepare(document);
sentOnce();
