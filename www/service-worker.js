// Keeps the playground for when there is no line. The build fills in which files there are and what
// version they make together (write-offline.mjs).
//
// A file belongs to a version: whatever comes is held against the type, the length and the hash that
// the build wrote down before it is used or kept. A version has a cache of its own, with its list in
// it, and a page says in its addresses which version it is of (`?build=`); so a page stays whole until
// it is loaded again, whichever worker answers it and whatever the host has by then. A newer version
// takes over when the person says so, or when the last page of the old one is closed. No answer waits
// for what is kept: where there is no room, it is given all the same.

const VERSION = "@VERSION@";
/** Each file: length, hash, bytes on the line (gzip), whether no first visit needs it (`later`), and
 * whether pages ask for it by its name alone (`plain`). */
const FILES = "@FILES@";

const ROOT = new URL("./", self.location);
const PREFIX = "vitrine-";
const CACHE = PREFIX + VERSION;
/** Under which address a cache holds its version's list. */
const LIST = new URL("files-of-this-version", ROOT).href;
/** What browsers take for what it is only where the host says so. */
const TYPES = { js: /javascript/, css: /text\/css/, html: /text\/html/ };

/** Under which address a file is kept. */
const place = (name) => new URL(name, ROOT).href;

/** From which address it is fetched: the page's own, so that what has just come need not come again. */
function source(name, version, { plain }) {
  const address = new URL(name === "index.html" ? "./" : name, ROOT);
  if (!plain) address.searchParams.set("build", version);
  return address;
}

/** A version's cache, if it is there: none is made where a person wants nothing kept. */
async function cacheOf(version) {
  try {
    return (await caches.has(PREFIX + version)) ? await caches.open(PREFIX + version) : null;
  } catch {
    return null;
  }
}

/** A version's list, if it is known. */
async function filesOf(version) {
  if (version === VERSION) return FILES;
  const list = await (await cacheOf(version))?.match(LIST);
  return list?.json() ?? null;
}

async function kept(name, version) {
  return (await cacheOf(version))?.match(place(name));
}

/** Keeps a right answer; says whether it could. */
async function keep(name, version, response) {
  try {
    const cache = await cacheOf(version);
    await cache?.put(place(name), response);
    return cache !== null;
  } catch {
    return false;
  }
}

/** The response again, if it is the file that the build made; else nothing. */
async function held(name, { bytes, hash }, response) {
  const type = TYPES[name.split(".").pop()];
  if (!response.ok || (type && !type.test(response.headers.get("Content-Type") ?? ""))) return null;
  const body = await response.arrayBuffer();
  if (body.byteLength !== bytes) return null;
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if (btoa(String.fromCharCode(...found)) !== hash) return null;
  const headers = new Headers(response.headers);
  // They are about how it came.
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  // Made anew, it has the address under which it is asked for.
  return new Response(body, { headers });
}

/** The file from the host as `right`, or what the host says in its place. */
async function fetchFile(name, version, file, cache) {
  const response = await fetch(source(name, version, file), { cache });
  const right = await held(name, file, response.clone());
  // It may be the browser's own cache that has another file.
  if (!right && cache === "default") return fetchFile(name, version, file, "reload");
  return { right, response };
}

/** The version that the host has now; null where it can't be told. */
async function versionOfHost() {
  try {
    const response = await fetch(self.location.href, { cache: "no-store" });
    return /VERSION = "([0-9a-f]{16})"/.exec(await response.text())?.[1] ?? null;
  } catch {
    return null;
  }
}

/** What is answered where the host has another file under a name, or none. */
async function instead(version, response) {
  const now = await versionOfHost();
  if (now === null || now === version) {
    return response.ok ? new Response(null, { status: 502, statusText: "another file" }) : response;
  }
  // It is fetched, and the page offers it.
  if (now !== VERSION) self.registration.update().catch(() => {});
  return new Response(null, { status: 410, statusText: "another version" });
}

async function answer(event, name, version, file) {
  const here = await kept(name, version);
  // What a person asks for again is asked of the host again.
  const again = new URL(event.request.url).searchParams.has("retry");
  if (here && !again) return here;
  try {
    const { right, response } = await fetchFile(name, version, file, again ? "reload" : "default");
    if (right) {
      event.waitUntil(keep(name, version, right.clone()));
      return right;
    }
    // A page says itself which version it is of.
    if (event.request.mode === "navigate") return response;
    return here ?? (await instead(version, response));
  } catch {
    return here ?? Response.error();
  }
}

/** Answers a page of another version. */
async function answerOther(event, name, version) {
  const file = (await filesOf(version))?.[name];
  if (file) return answer(event, name, version, file);
  // The host alone knows a page that is newer than this worker.
  return (await versionOfHost()) === version
    ? fetch(event.request)
    : instead(version, new Response(null, { status: 404 }));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || origin !== ROOT.origin || !pathname.startsWith(ROOT.pathname)) return;
  const name = decodeURIComponent(pathname.slice(ROOT.pathname.length)) || "index.html";
  const version = (request.mode !== "navigate" && searchParams.get("build")) || VERSION;
  if (version !== VERSION) event.respondWith(answerOther(event, name, version));
  else if (Object.hasOwn(FILES, name)) event.respondWith(answer(event, name, version, FILES[name]));
  // A name with a hash in it, of a page that was opened a moment before this worker took over.
  else if (/-[0-9a-f]{16}/.test(name)) {
    event.respondWith(caches.match(place(name)).then((there) => there ?? fetch(request)));
  }
});

/** Makes the cache of this version, with its list. */
async function open() {
  const cache = await caches.open(CACHE);
  if (!(await cache.match(LIST))) await cache.put(LIST, new Response(JSON.stringify(FILES)));
}

/** The same file as another version keeps it. */
async function fromAnother(name) {
  for (const key of await caches.keys()) {
    if (!key.startsWith(PREFIX) || key === CACHE) continue;
    const version = key.slice(PREFIX.length);
    if ((await filesOf(version))?.[name]?.hash !== FILES[name].hash) continue;
    const there = await kept(name, version);
    if (there) return there;
  }
  return null;
}

/** Fetches and keeps a file of this version; says what came of it. */
async function bring(name) {
  try {
    if (await kept(name, VERSION)) return "kept";
    let right = await fromAnother(name);
    if (!right) {
      const found = await fetchFile(name, VERSION, FILES[name], "default");
      if (!found.right) return (await instead(VERSION, found.response)).status === 410 ? "newer" : "wrong";
      right = found.right;
    }
    return (await keep(name, VERSION, right)) ? "kept" : "full";
  } catch {
    return "unreachable";
  }
}

/**
 * What is kept of other versions' later files is brought of this one, too, as far as it can be: it may be
 * taken where there is no line, and whoever had a system, a lesson or the studio has it then.
 */
async function inherit() {
  const names = new Set();
  for (const key of await caches.keys()) {
    if (!key.startsWith(PREFIX) || key === CACHE) continue;
    for (const { url } of await (await caches.open(key)).keys()) names.add(url.slice(ROOT.href.length));
  }
  for (const name of names) {
    if (FILES[name]?.later && !["kept", "wrong"].includes(await bring(name))) return;
  }
}

/** Half a version is none: it is tried again on the next visit. */
async function install() {
  await open();
  const first = Object.keys(FILES).filter((name) => !FILES[name].later);
  const brought = await Promise.all(first.map(bring));
  const failed = brought.findIndex((how) => how !== "kept");
  if (failed < 0) return inherit();
  await caches.delete(CACHE);
  throw new Error(`${first[failed]}: ${brought[failed]}`);
}

/** Lets go of versions that no page is of any more: a page holds a lock of its version's name. */
async function tidy() {
  const locks = (await self.navigator.locks?.query())?.held ?? [];
  const used = new Set([CACHE, ...locks.map(({ name }) => name)]);
  for (const key of await caches.keys()) {
    if (key.startsWith(PREFIX) && !used.has(key)) await caches.delete(key);
  }
}

/** Which files there are, and which of them are kept. */
async function list() {
  const there = new Set(((await (await cacheOf(VERSION))?.keys()) ?? []).map(({ url }) => url));
  return Object.entries(FILES).map(([name, { line, later }]) => ({ name, line, later, kept: there.has(place(name)) }));
}

/** What pages ask of their worker (offline.js). */
const ASKED = { version: async () => VERSION, open: () => open().then(tidy), list, bring };

self.addEventListener("install", (event) => event.waitUntil(install()));

self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));

self.addEventListener("message", (event) => {
  const { data, ports } = event;
  if (data.ask === "take-over") return void self.skipWaiting();
  if (!Object.hasOwn(ASKED, data.ask)) return;
  const told = ASKED[data.ask](data.of).then(
    (told) => ports[0].postMessage({ told }),
    (error) => ports[0].postMessage({ failed: String(error) }),
  );
  event.waitUntil(told);
});
