// Keeps the playground for when there is no line: what a visit needs once the first ranking is there,
// and the rest behind it, as the person wishes. Offers a newer version when one has arrived; it is
// never forced: a lecture goes on as it began.

const { serviceWorker } = navigator;
const root = document.documentElement;
const { version, bytes, embed } = root.dataset;

/** Milliseconds behind the first ranking after which the files are fetched. */
const REST = 4000;
/** Under which name the browser remembers what is to be kept: "all", "used" or "nothing"; engines are told under
 * the same. */
const WISH = "vitrine-keep";
/** What the names of files begin with that a larger shop is kept in (src/engine/pipeline/kept.rs). */
const SHOP = "shop-";
/** The file beside them that says to engines that none are to be (src/worker/kept.rs). */
const NOTHING = "keep-nothing";
/** How often a file that an engine still holds is tried, and the milliseconds between. */
const [TRIES, BETWEEN] = [40, 250];

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

/** Loads the newest version that is here: it may have come after it was offered, or be at work already. */
async function load() {
  const { waiting } = (await serviceWorker.getRegistration()) ?? {};
  if (!waiting) return location.reload();
  serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.addEventListener("statechange", () => waiting.state === "redundant" && location.reload());
  waiting.postMessage({ ask: "take-over" });
}

function offer() {
  if (document.querySelector(".newer")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "newer solid";
  button.dataset.testid = "newer-version";
  say(button, "page.newer");
  button.onclick = load;
  document.body.append(button);
}

/** Asks a worker something. */
function ask(worker, ask, of) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => ("told" in data ? resolve(data.told) : reject(data.failed));
    worker.postMessage({ ask, of }, [port2]);
  });
}

/** What the person wishes to be kept. */
let wish = navigator.connection?.saveData ? "used" : "all";
try {
  wish = localStorage.getItem(WISH) ?? wish;
} catch {
  // A browser that forbids storage is told of on the page.
}

/** Tells the page how it stands, in bytes on the line (src/page/keeping.rs). */
function tell(doing, files) {
  const [first, later, webgpu] = bytes.split(" ").map(Number);
  const sum = (of) => of.reduce((sum, { line }) => sum + line, 0);
  const here = sum((files ?? []).filter(({ kept }) => kept));
  const all = files ? sum(files) : first + later + (navigator.gpu ? webgpu : 0);
  document.dispatchEvent(new CustomEvent("vitrine-kept", { detail: [wish, doing, here, all].join(" ") }));
}

/** Where engines hear what is wished for, in this page and in others. */
let engines;

/** Tells engines whether they may keep larger shops; where not, those that are kept are taken away. */
async function keepShops(mine) {
  engines ??= window.BroadcastChannel && new BroadcastChannel(WISH);
  engines?.postMessage(wish);
  const folder = await navigator.storage?.getDirectory?.();
  if (!folder) return;
  if (wish !== "nothing") return folder.removeEntry(NOTHING);
  await folder.getFileHandle(NOTHING, { create: true });
  for (let tries = 0; tries < TRIES && mine === turn; tries++) {
    const names = [];
    for await (const name of folder.keys()) if (name.startsWith(SHOP)) names.push(name);
    const taken = await Promise.allSettled(names.map((name) => folder.removeEntry(name)));
    if (!taken.some(({ status }) => status === "rejected")) return;
    await new Promise((wake) => setTimeout(wake, BETWEEN));
  }
}

async function forget() {
  await (await serviceWorker.getRegistration())?.unregister();
  for (const key of await caches.keys()) {
    if (key.startsWith("vitrine-")) await caches.delete(key);
  }
}

/** Rises with every wish: the one before is given up. */
let turn = 0;

/** Keeps what is wished for, one file after the other, and tells of each. */
async function keep() {
  const mine = ++turn;
  // Where there is no folder, or no word in it to take back, there is nothing to do.
  const shops = keepShops(mine).catch(() => {});
  if (wish === "nothing") {
    await Promise.all([forget(), shops]);
    return mine === turn && tell("rests");
  }
  tell("fetches");
  const worker = await register();
  // Another version's files are its own pages' business.
  if ((await ask(worker, "version")) !== version) return tell("newer");
  await ask(worker, "open");
  const files = (await ask(worker, "list")).filter(({ name }) => navigator.gpu || !name.startsWith("engine-webgpu"));
  for (const file of files) {
    if (file.kept || (file.later && wish !== "all")) continue;
    if (mine !== turn) return;
    tell("fetches", files);
    const how = await ask(worker, "bring", file.name);
    if (mine !== turn) return;
    file.kept = how === "kept";
    // What is wrong with one file says nothing of the next; no line and no room do.
    if (how !== "kept" && how !== "wrong") return tell(how, files);
  }
  tell("rests", files);
}

/** The worker that keeps, once there is one. */
async function register() {
  const registration = await serviceWorker.register("service-worker.js");
  const watch = (worker) => {
    worker?.addEventListener("statechange", () => {
      // The first version of all replaces nothing.
      if (worker.state === "installed" && registration.active) offer();
    });
  };
  if (registration.waiting && registration.active) offer();
  watch(registration.installing);
  registration.onupdatefound = () => watch(registration.installing);
  const { active, installing } = registration;
  if (active) return active;
  return new Promise((resolve, reject) => {
    installing?.addEventListener("statechange", () => {
      if (installing.state === "activated") resolve(installing);
      // It could not fetch what it needs, or there is no room for it.
      if (installing.state === "redundant") reject(installing.state);
    });
  });
}

function start() {
  const tried = () => keep().catch(() => tell("failed"));
  document.addEventListener("vitrine-keep", ({ detail }) => {
    wish = detail;
    try {
      localStorage.setItem(WISH, wish);
    } catch {
      // It holds until the page is closed.
    }
    // What a person asks to be kept should not go when room is short.
    if (wish === "all") navigator.storage?.persist?.();
    tried();
  });
  addEventListener("online", () => turn && tried());
  // Another page may have let a newer version take over.
  serviceWorker.addEventListener("controllerchange", async () => {
    const { controller } = serviceWorker;
    if (controller && (await ask(controller, "version")) !== version) offer();
  });
  const ranked = setInterval(() => {
    if (!root.dataset.run) return;
    clearInterval(ranked);
    setTimeout(tried, REST);
  }, 500);
}

// Where workers of this kind are forbidden the page works as before, with a line.
if (serviceWorker) {
  // As long as it is held, what this page may still need stays.
  navigator.locks?.request(`vitrine-${version}`, { mode: "shared" }, () => new Promise(() => {}));
  // Within another page nothing is kept that was not kept before.
  if (embed === undefined) start();
}
