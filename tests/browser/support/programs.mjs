// What the WebAssembly programs of a page hold. Their memory grows and never shrinks: it is the most that was
// ever needed at once, and all that was not let go.

/** Before the scripts of a page: keeps the memory of each WebAssembly program of it within reach. */
export const REACH = () => {
  window.programs = {};
  const { compileStreaming, instantiateStreaming, instantiate } = WebAssembly;
  const named = (response) => response.url.split("/").pop().split(/[-_.]/)[0];
  const names = new WeakMap();
  // What is shipped calls its memory by another name. A program that asks what the browser can do has none.
  const keep = (name, { instance }) => {
    const memory = Object.values(instance.exports).find((exported) => exported instanceof WebAssembly.Memory);
    if (memory) window.programs[name] = memory;
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const response = await source;
    const made = await instantiateStreaming(response, imports);
    keep(named(response), made);
    return made;
  };
  WebAssembly.compileStreaming = async (source) => {
    const response = await source;
    const module = await compileStreaming(response);
    names.set(module, named(response));
    return module;
  };
  WebAssembly.instantiate = async (source, imports) => {
    const made = await instantiate(source, imports);
    // Of a module there is the instance alone.
    if (made.instance) keep("program", made);
    else if (names.has(source)) keep(names.get(source), { instance: made });
    return made;
  };
};

/**
 * Bytes of every program's memory: those of the page, and those in workers, in the order in which these began.
 * @param {import("playwright-core").Page} page
 * @param {(name: string) => boolean} asked which are asked, as `engine-cpu 1`: a worker that is asked must have
 * started its program, for it would be started a second time
 */
export async function programs(page, asked = () => true) {
  await page.requestGC();
  const held = await page.evaluate(() => Object.entries(window.programs).map(([name, memory]) => [name, memory.buffer.byteLength]));
  const counts = {};
  for (const worker of page.workers()) {
    const [, program] = /([a-z-]+)-loader\.js$/.exec(new URL(worker.url()).pathname);
    counts[program] = (counts[program] ?? 0) + 1;
    const name = `${program} ${counts[program]}`;
    if (!asked(name)) continue;
    // Glue that has started its program gives what it exports to whoever would start it again.
    const bytes = await worker.evaluate(async (program) => {
      const { default: start } = await import(new URL(`./${program}.js${location.search}`, location.href));
      const memory = Object.values(await start()).find((exported) => exported instanceof WebAssembly.Memory);
      return memory.buffer.byteLength;
    }, program);
    held.push([name, bytes]);
  }
  return Object.fromEntries(held);
}
