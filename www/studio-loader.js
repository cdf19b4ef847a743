// Starts the studio, when the page first opens it. What is asked of this file, version and attempt, is
// asked of the studio's own; of another version than the page's it is not started.
const { search, searchParams } = new URL(import.meta.url);
/** Which version of all files this one is of, and which program belongs to it (write-version.mjs). */
const BUILD = "vitrine-build:0000000000000000";
const PROGRAM = "vitrine-program:0000000000000000";
/** The version of the page; none where a developer works. */
const wanted = searchParams.get("build");

/** Whether a mark is another than it should be. */
const differs = (mark, right) => wanted !== null && mark !== right;

/** The program, compiled as it arrives where the host says what it is. */
async function compiled() {
  const response = await fetch(`./studio_bg.wasm${search}`);
  // What is kept here is of this version alone, and the host has another (service-worker.js).
  if (response.status === 410) return null;
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const isKnown = response.headers.get("content-type")?.startsWith("application/wasm");
  return isKnown ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** Starts it; says whether it is of the page's version. */
async function start() {
  if (differs(BUILD, `vitrine-build:${wanted}`)) return false;
  const [{ default: init, program }, module] = await Promise.all([import(`./studio.js${search}`), compiled()]);
  if (module === null || differs(program, PROGRAM)) return false;
  const [mark] = WebAssembly.Module.customSections(module, "program");
  if (differs(mark && new TextDecoder().decode(mark), PROGRAM)) return false;
  await init({ module_or_path: module });
  return true;
}

try {
  // What the page hears (src/page/bridge.rs): it says so, and what to do.
  if (!(await start())) document.dispatchEvent(new CustomEvent("vitrine-outdated", { detail: "" }));
} catch (error) {
  console.error(error);
  // What the page listens for: where this file itself is missing the browser tells it the same.
  const scripts = [...document.querySelectorAll("script[src]")];
  scripts.find(({ src }) => src === import.meta.url)?.dispatchEvent(new Event("error"));
}
