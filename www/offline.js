// Keeps the playground for when there is no line, once the first ranking is there, and offers a
// newer version when one has arrived. It is never forced: a lecture goes on as it began.

const { serviceWorker } = navigator;

/** Milliseconds after which the files are fetched: the first ranking comes first. */
const REST = 4000;

/** Puts the words of a key on an element, and does so again when the page turns to another language. */
function say(element, key) {
  const put = () => {
    const lines = window["vitrine-words"]?.split("\n") ?? [];
    const at = lines.indexOf(key);
    // Without words there is a sign.
    element.textContent = at < 0 ? "↻" : lines[at + 1];
  };
  document.addEventListener("vitrine-words", put);
  put();
}

function offer(waiting) {
  if (document.querySelector(".newer")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "newer solid";
  button.dataset.testid = "newer-version";
  say(button, "page.newer");
  button.onclick = () => {
    serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("take-over");
  };
  document.body.append(button);
}

async function keep() {
  const registration = await serviceWorker.register("service-worker.js");
  const watch = (worker) => {
    worker?.addEventListener("statechange", () => {
      // The first version of all replaces nothing.
      if (worker.state === "installed" && serviceWorker.controller) offer(worker);
    });
  };
  if (registration.waiting && serviceWorker.controller) offer(registration.waiting);
  watch(registration.installing);
  registration.addEventListener("updatefound", () => watch(registration.installing));
}

// Where workers of this kind are forbidden the page works as before, with a line.
if (serviceWorker) {
  setTimeout(() => keep().catch(() => {}), REST);
}
