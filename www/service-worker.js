// Keeps the playground for when there is no line. The build fills in which files there are and
// what version they make together (write-offline.mjs).
//
// A version is served from its own cache and from no other, so that programs and assets always fit
// each other. A newer version is fetched beside it, and takes over when the person says so or when
// the last page of the old one is closed.

const VERSION = "@VERSION@";
/** What a visit needs, to be there when the line is not. */
const FIRST = ["@FIRST@"];
/** What is kept once it has been asked for. */
const LATER = new Set(["@LATER@"]);

const CACHE = `vitrine-${VERSION}`;
const ROOT = new URL("./", self.location);

self.addEventListener("install", (event) => {
  // Past the browser's own cache, which may hold files of the version before.
  const asked = FIRST.map((name) => new Request(new URL(name, ROOT), { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(asked)));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("vitrine-") && name !== CACHE;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))),
  );
});

self.addEventListener("message", ({ data }) => {
  if (data === "take-over") self.skipWaiting();
});

/** The name of a file of this version, or null: what is asked for past every cache is not ours. */
function named(request) {
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || origin !== ROOT.origin || !pathname.startsWith(ROOT.pathname)) return null;
  if (searchParams.has("retry")) return null;
  const name = pathname.slice(ROOT.pathname.length) || "index.html";
  return FIRST.includes(name) || LATER.has(name) ? name : null;
}

self.addEventListener("fetch", (event) => {
  const name = named(event.request);
  if (name === null) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      const address = new URL(name, ROOT);
      const kept = await cache.match(address);
      if (kept) return kept;
      const response = await fetch(event.request, { cache: "no-cache" });
      if (response.ok) await cache.put(address, response.clone());
      return response;
    })(),
  );
});
