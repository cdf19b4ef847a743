// Loads an engine into the web worker that runs this file and starts it.
//
// The build writes it out twice, as engine-cpu-loader.js and engine-webgpu-loader.js, with the
// two constants filled in (write-loaders.sh). What it posts are protocol::FromEngine messages:
// `progress` while the program arrives, and `failed` for whatever goes wrong here or, later,
// uncaught in the engine: a worker that dies in silence would leave the page waiting.
//
// Messages that come before the engine listens are kept and given to it once it does. The
// engine's `main` must therefore install its message handler before it returns.
//
// A query string on this file's address is handed on to the engine's files, so that the page
// can get past a cache that holds an old engine.

const ENGINE = "@ENGINE@";
/** Bytes of the program before compression, which Content-Length does not tell. */
const SIZE = Number("@SIZE@");
/** What the person is told of. */
const NAME = ENGINE === "engine-webgpu" ? "The WebGPU engine" : "The engine";

function fail(key, text) {
  self.postMessage({ failed: { key, text } });
}

self.addEventListener("error", (event) => {
  fail("engine-crashed", `${NAME} stopped unexpectedly (${event.message}).`);
});
self.addEventListener("unhandledrejection", (event) => {
  fail("engine-crashed", `${NAME} stopped unexpectedly (${event.reason?.message ?? event.reason}).`);
});

// Burn takes its device without a word about losing it, so the loader listens where devices are
// handed out.
if (self.GPUAdapter) {
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    const device = await requestDevice.apply(this, options);
    self.gpuDevice = device;
    device.lost.then(({ message }) => fail("gpu-lost", `The GPU was lost (${message || "no reason given"}).`));
    return device;
  };
}

const waiting = [];
const keep = (event) => waiting.push(event.data);
self.addEventListener("message", keep);

/** The engine's program, with a `progress` message for every piece that arrives. */
async function fetchProgram() {
  const response = await fetch(new URL(`./${ENGINE}_bg.wasm${self.location.search}`, import.meta.url));
  if (!response.ok) {
    throw new Error(`${ENGINE}_bg.wasm: HTTP status ${response.status}`);
  }
  let loaded = 0;
  const counter = new TransformStream({
    transform(piece, controller) {
      loaded += piece.byteLength;
      self.postMessage({ progress: { file: "engine", loaded, total: Math.max(SIZE, loaded) } });
      controller.enqueue(piece);
    },
  });
  // The type is set here because not every static server knows it, and streaming needs it.
  return new Response(response.body.pipeThrough(counter), {
    headers: { "Content-Type": "application/wasm" },
  });
}

try {
  // Side by side, and not one after the other as a static import would have it.
  const [program, { default: start }] = await Promise.all([
    fetchProgram(),
    import(`./${ENGINE}.js${self.location.search}`),
  ]);
  await start({ module_or_path: program });
  self.removeEventListener("message", keep);
  for (const data of waiting) {
    self.dispatchEvent(new MessageEvent("message", { data }));
  }
} catch (error) {
  fail("engine-not-loaded", `${NAME} could not be loaded (${error?.message ?? error}).`);
}
