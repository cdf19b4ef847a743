// Loads an engine into the web worker that runs this file and starts it.
//
// The build writes it out for each, as engine-cpu-loader.js, engine-webgpu-loader.js and
// trainer-loader.js, with its constants filled in (finish-build.sh). What it posts are protocol::FromEngine messages:
// `progress` while the program and its assets arrive, and `failed` for whatever goes wrong here
// or, later, uncaught in the engine: a worker that dies in silence would leave the page waiting.
//
// Messages that come before the engine listens are kept and given to it once it does. The
// engine's `main` must therefore install its message handler before it returns.
//
// A query string on this file's address is handed on to the engine's files, so that the page
// can get past a cache that holds an old engine.

const ENGINE = "@ENGINE@";
/** Bytes of the program before compression, which Content-Length does not tell. */
const SIZE = Number("@SIZE@");
/** What the person is told of: a message, whose words are the page's. */
const NAMES = { "engine-webgpu": "engines.webgpu", trainer: "engines.trainer" };
const NAME = { key: NAMES[ENGINE] ?? "engines.cpu", values: [] };
const MANIFEST = "manifest.json";
/** Which version of all files this one is of, and which program belongs to it (write-version.mjs). */
const BUILD = "vitrine-build:0000000000000000";
const PROGRAM = "vitrine-program:0000000000000000";
/** The version of the page that asks; none where a developer works. The host may have another by now. */
const WANTED = new URL(self.location.href).searchParams.get("build");

/** A notice (protocol::Notice): its words are the page's, under "notices." and the key. */
function fail(key, values) {
  const says = { key: `notices.${key}`, values: Object.entries(values) };
  self.postMessage({ failed: { key, says } });
}

self.addEventListener("error", (event) => {
  fail("engine-crashed", { engine: NAME, why: event.message });
});
self.addEventListener("unhandledrejection", (event) => {
  fail("engine-crashed", { engine: NAME, why: String(event.reason?.message ?? event.reason) });
});

// Burn takes its device without a word about losing it, so the loader listens where devices are
// handed out.
if (self.GPUAdapter) {
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    const device = await requestDevice.apply(this, options);
    self.gpuDevice = device;
    device.lost.then(({ message }) => fail("gpu-lost", { why: message || "?" }));
    return device;
  };
}

const waiting = [];
const keep = (event) => waiting.push(event.data);
self.addEventListener("message", keep);

/** Milliseconds between two reports of progress: more often than eyes follow would only cost. */
const REPORT = 50;

let loaded = 0;
let reported = 0;
/** Bytes of the program and of the assets that it reads first; 0 until the manifest tells. */
let total = 0;

/** Why a file can't be had: the names are read by the engine (src/worker/fetch.rs). */
function error(name, message) {
  return Object.assign(new Error(message), { name });
}

/** The error of a file of another version: the host's, or one that a cache has under this address. */
function other(name) {
  return Object.assign(error("outdated", name), { isHeld: true });
}

/** The address of a file of the same version as this one, past the same caches, and `again` past all. */
function addressOf(name, again) {
  const address = new URL(`./${name}${self.location.search}`, import.meta.url);
  if (again) address.searchParams.append("retry", "loader");
  return address;
}

/** Asks for a file. */
async function ask(name, again) {
  const response = await fetch(addressOf(name, again)).catch(({ message }) => {
    throw error("unreachable", message);
  });
  // What is kept here is of this version alone, and the host has another (service-worker.js).
  if (response.status === 410) throw error("outdated", "HTTP 410");
  if (!response.ok) throw error("missing", `HTTP ${response.status}`);
  return response;
}

/**
 * Gets something, and gets it once more where that breaks off on the way: a line that drops, an entry
 * of the browser's cache that goes while it is read (many frames read one), half a file that was kept, a
 * file of another version that was. What the host itself refuses, and a program that runs and fails, is no
 * matter of asking again.
 */
async function whole(get) {
  try {
    return await get(false);
  } catch (why) {
    const final = ["unreachable", "outdated", "missing"].includes(why?.name) || why instanceof WebAssembly.RuntimeError;
    if (final && !why.isHeld) throw why;
    return get(true);
  }
}

/** Bytes at a program's end that say which it is (stamp-program.mjs), and some more. */
const END = 64;

/**
 * The response's body, with its bytes counted and told of as they arrive, and the last of them as a text:
 * where `end` throws, the body breaks off.
 */
function counted(response, tell = () => {}, end = () => {}) {
  let arrived = 0;
  let last = [];
  const counter = new TransformStream({
    transform(piece, controller) {
      loaded += piece.byteLength;
      arrived += piece.byteLength;
      last = [...last, ...piece.subarray(-END)].slice(-END);
      tell(arrived);
      if (loaded === total || (loaded < total && performance.now() > reported + REPORT)) {
        reported = performance.now();
        self.postMessage({ progress: { loaded, total } });
      }
      controller.enqueue(piece);
    },
    // It may be smaller than a loader from a cache believes.
    flush() {
      tell(Infinity);
      end(String.fromCharCode(...last));
    },
  });
  return response.body.pipeThrough(counter);
}

/** Bytes of the program that are on their way while the first of the assets is asked for. */
const NEARLY = 65536;

/** What is wrong with a program, for whoever compiles it is told no more than that it breaks off. */
let wrong = null;

/** Holds the end of a program against the one that is wanted: what has no mark is no program of ours. */
function held(file, end) {
  const [found] = /vitrine-program:[0-9a-f]{16}/.exec(end) ?? [];
  if (!WANTED || !found || found === PROGRAM) return;
  wrong = other(file);
  throw wrong;
}

async function fetchProgram(again, nearly) {
  const file = `${ENGINE}_bg.wasm`;
  wrong = null;
  try {
    const response = await ask(file, again);
    // The type is set here because not every static server knows it, and streaming needs it.
    const tell = (arrived) => arrived > SIZE - NEARLY && nearly();
    const body = counted(response, tell, (end) => held(file, end));
    return new Response(body, { headers: { "Content-Type": "application/wasm" } });
  } catch ({ name, message }) {
    throw error(name, `${file}: ${message}`);
  }
}

function download(name) {
  return whole(async (again) => {
    const body = counted(await ask(`assets/${name}`, again));
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    // All others are held against it by the engine.
    if (name === MANIFEST && WANTED) {
      const [found] = /vitrine-build:[0-9a-f]{16}/.exec(new TextDecoder().decode(bytes)) ?? [];
      if (found && found !== BUILD) throw other(name);
    }
    return bytes;
  });
}

/** Bytes of assets by name, as promises: those that are fetched before the engine asks. */
const ahead = new Map();

/**
 * The line is never idle: the program has it first, and while that compiles the assets of the first
 * ranking come behind it in the order in which they are read, two at a time, so that the first of
 * them are worked on while the last are on their way.
 */
async function fetchAhead(program) {
  ahead.set(MANIFEST, download(MANIFEST));
  let first = [];
  try {
    const bytes = await ahead.get(MANIFEST);
    const manifest = JSON.parse(new TextDecoder().decode(bytes));
    files = manifest.files;
    // The trainer reads few of them.
    const wanted = ENGINE === "trainer" ? [] : manifest.first;
    total = wanted.reduce((sum, name) => sum + files[name].bytes, SIZE + bytes.length);
    first = wanted;
  } catch {
    // The engine reads the manifest itself, and says what is wrong with it.
    total = SIZE;
  }
  const lanes = [program, program];
  first.forEach((name, i) => {
    const arrives = lanes[i % 2].then(() => download(name));
    ahead.set(name, arrives);
    // Whoever asks for the file is told.
    lanes[i % 2] = arrives.catch(() => {});
  });
}

/** Sizes of the assets, as the manifest has them. */
let files = {};
/** Assets on their way that were not fetched ahead. */
let late = 0;

/** Fetches what was not fetched ahead; progress is counted anew for all that come side by side. */
async function downloadLate(name) {
  if (late === 0) {
    loaded = 0;
    total = 0;
  }
  late += 1;
  total += files[name]?.bytes ?? 0;
  try {
    return await download(name);
  } finally {
    late -= 1;
  }
}

/** Bytes of an asset, for the engine. What failed once is fetched again when asked for again. */
self.fetchAsset = async (name) => {
  await listed;
  const bytes = ahead.get(name) ?? downloadLate(name);
  ahead.delete(name);
  return bytes;
};

let nearly;
const listed = fetchAhead(new Promise((resolve) => (nearly = resolve)));

try {
  if (WANTED && BUILD !== `vitrine-build:${WANTED}`) throw other(`${ENGINE}-loader.js`);
  await whole(async (again) => {
    // Side by side, and not one after the other as a static import would have it.
    const [response, { default: start, program }] = await Promise.all([
      fetchProgram(again, nearly),
      import(addressOf(`${ENGINE}.js`, again)),
    ]);
    if (WANTED && program !== PROGRAM) throw other(`${ENGINE}.js`);
    await start({ module_or_path: response }).catch((why) => {
      throw wrong ?? why;
    });
  });
  self.removeEventListener("message", keep);
  for (const data of waiting) {
    self.dispatchEvent(new MessageEvent("message", { data }));
  }
} catch (why) {
  const { name, message } = why ?? {};
  if (name === "unreachable") fail("engine-unreachable", { engine: NAME });
  else if (name === "outdated") fail("engine-outdated", {});
  else fail("engine-not-loaded", { engine: NAME, why: String(message ?? why) });
}
