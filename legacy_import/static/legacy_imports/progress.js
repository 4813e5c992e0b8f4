// How far a run is, asked every two seconds while somebody holds it. Without this there is a link.

const EVERY = 2000;
const SPOKEN_EVERY = 10000;

for (const place of document.querySelectorAll("[data-progress]")) {
  const words = place.querySelector("p");
  const bar = place.querySelector("progress");
  const live = document.getElementById("li-live");
  let polling = false;
  let spoken = 0;

  function say(sentence, now) {
    if (!live || now - spoken < SPOKEN_EVERY) return;
    spoken = now;
    live.textContent = sentence;
  }

  function show(told) {
    place.hidden = false;
    words.textContent = told.words;
    bar.hidden = !told.total;
    if (told.total) {
      bar.max = told.total;
      bar.value = told.done;
    }
    say(told.words, Date.now());
  }

  async function poll(patience) {
    let told = null;
    try {
      const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      told = await answer.json();
    } catch {
      // No answer this time; the next may come.
    }
    if (told && told.held_by) {
      show(told);
      setTimeout(poll, EVERY, 0);
    } else if (!told || patience > 0) {
      setTimeout(poll, EVERY, patience - 1);
    } else {
      polling = false;
      if (place.dataset.ended && !place.hidden) {
        words.textContent = place.dataset.ended;
        bar.hidden = true;
        spoken = 0;
        say(place.dataset.ended, Date.now());
      }
    }
  }

  function start(patience) {
    if (polling) return;
    polling = true;
    setTimeout(poll, EVERY, patience);
  }

  if ("held" in place.dataset) start(0);
  // While the answer to a form is awaited, whoever waits sees how far it is.
  for (const form of document.querySelectorAll("form[data-watch]")) {
    form.addEventListener("submit", () => start(5));
  }
}
