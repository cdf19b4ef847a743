// Our models beside onnxruntime-web: whole forwards over the same inputs, in one page of one browser, one thread.
//
//   target/peers/bin/python tests/peers/to_onnx.py target/release/vitrine
//   npm ci --prefix tests/peers --ignore-scripts
//   node tests/peers/models.mjs
//
// which is what `./dev bench onnx` does. Wants target/onnx, which the first writes, and target/models, the
// program of src/nets/tab, which `./dev` builds as the CPU engine is built. With `--theirs` ours is left out. A run
// begins with plain arrays and ends with plain arrays in both. Prints, and asserts nothing but that both come to the
// same numbers.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { launch, withPage } from "../browser/support/browser.mjs";
import { Server } from "../browser/support/server.mjs";

/** Times that each is measured, by turns; medians are printed. */
const ROUNDS = 21;
/** Milliseconds that each is run for in a round, for a page's clock is coarse. */
const LEAST = 60;
/** What both may differ by, of the largest number. */
const NEAR = 1e-4;

const root = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE = "tests/peers/node_modules/onnxruntime-web/";
const ORT = `${PACKAGE}dist/ort.wasm.bundle.min.mjs`;

/** Runs in the page: a case's times by engine, in milliseconds a run, and how far the two are apart. */
async function measure({ of, alone, rounds, least }) {
  const { ort, models, inputs: bytes } = globalThis.bench;
  const inputs = of.inputs.map(({ name, kind, dims, at }) => {
    const Kind = kind === "i32" ? Int32Array : Float32Array;
    const count = dims.reduce((product, n) => product * n, 1);
    return { name, kind, dims, data: new Kind(bytes, at, count), shape: Uint32Array.from(dims) };
  });
  const session = await ort.InferenceSession.create(`target/onnx/${of.onnx}`, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    // Its plan is made for these sizes.
    freeDimensionOverrides: of.axes,
  });
  const engines = {
    async theirs() {
      const type = { i32: "int32", f32: "float32" };
      const feeds = Object.fromEntries(inputs.map(({ name, kind, dims, data }) => [name, new ort.Tensor(type[kind], data, dims)]));
      const made = await session.run(feeds, of.outputs);
      return of.outputs.map((name) => made[name].data);
    },
  };
  if (!alone) {
    const weights = new Uint8Array(await (await fetch(`assets/${of.weights}`)).arrayBuffer());
    const model = new models[of.model](weights);
    engines.ours = async () => {
      const feeds = new models.Feeds();
      for (const { name, kind, data, shape } of inputs) {
        if (kind === "i32") feeds.ids(name, data, shape);
        else feeds.floats(name, data, shape);
      }
      return [model[of.part](feeds)];
    };
  }
  const flat = async (run) => (await run()).flatMap((values) => [...values]);
  let apart = null;
  if (!alone) {
    const [ours, theirs] = [await flat(engines.ours), await flat(engines.theirs)];
    const largest = Math.max(...theirs.map(Math.abs));
    // No number where one is none, or not of as many.
    apart = ours.length === theirs.length ? Math.max(...theirs.map((value, n) => Math.abs(ours[n] - value))) / largest : NaN;
  }
  const names = Object.keys(engines);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  // The first round of each is not counted: memory is touched for the first time, code is compiled once more.
  for (let round = 0; round <= rounds; round++) {
    // Whoever comes first is another each time.
    for (const name of round % 2 ? names : names.toReversed()) {
      let [runs, passed] = [0, 0];
      for (const begin = performance.now(); passed < least; runs++) {
        await engines[name]();
        passed = performance.now() - begin;
      }
      if (round > 0) times[name].push(passed / runs);
    }
    await new Promise((wake) => setTimeout(wake));
  }
  await session.release();
  return { times, apart };
}

function median(times) {
  return [...times].sort((a, b) => a - b)[times.length >> 1];
}

const alone = process.argv.includes("--theirs");
const cases = JSON.parse(await readFile(`${root}target/onnx/bench.json`, "utf8"));
const { version } = JSON.parse(await readFile(`${root}${PACKAGE}package.json`, "utf8"));
const [browser, server] = await Promise.all([launch(), Server.start({ root })]);
const empty = '<!DOCTYPE html><link rel="icon" href="data:,">';
server.faults.set("empty.html", { body: empty, type: "text/html" });
server.faults.set(ORT, { body: await readFile(root + ORT), type: "text/javascript" });

try {
  await withPage({ browser, server }, {}, async (page) => {
    page.setDefaultTimeout(0);
    await page.goto(`${server.url}empty.html`);
    await page.evaluate(
      async ({ ours, theirs }) => {
        const ort = await import(theirs);
        ort.env.wasm.numThreads = 1;
        const models = ours ? await import(ours) : null;
        await models?.default();
        const inputs = await (await fetch("target/onnx/bench.bin")).arrayBuffer();
        globalThis.bench = { ort, models, inputs };
      },
      { ours: alone ? null : `${server.url}target/models/models-alone.js`, theirs: server.url + ORT },
    );
    console.log(`Chromium ${browser.version()}, headless; onnxruntime-web ${version}, wasm, SIMD; one thread each`);
    console.log(`By turns, medians of ${ROUNDS} rounds of ${LEAST} ms each\n`);
    console.log("| | ours, ms | onnxruntime-web, ms | times as long as theirs | furthest apart |");
    console.log("|---|---:|---:|---:|---:|");
    for (const of of cases) {
      const { times, apart } = await page.evaluate(measure, { of, alone, rounds: ROUNDS, least: LEAST });
      if (!alone && !(apart <= NEAR)) {
        throw new Error(`${of.title}: ${of.outputs.join(", ")} are ${apart} apart, ${NEAR} is allowed`);
      }
      const [ours, theirs] = [alone ? null : median(times.ours), median(times.theirs)];
      const cells = alone ? ["", theirs.toFixed(3), "", ""] : [ours.toFixed(3), theirs.toFixed(3), (ours / theirs).toFixed(2), apart.toExponential(1)];
      console.log(`| ${of.title} | ${cells.join(" | ")} |`);
    }
  });
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
