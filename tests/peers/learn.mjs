// A training step of DMT in the tab beside TensorFlow.js, in pages of one browser: ours, theirs, the ratio, and
// how near that is to the speed at which a tab multiplies matrices.
//
//   npm ci --prefix tests/peers --ignore-scripts
//   DESCRIBE=target/dmt-steps.json SHOPPERS=400 BATCH=32 cargo bench --bench training -- dmt
//   node tests/peers/learn.mjs target/dmt-steps.json
//
// which is what `./dev bench peers` does. Wants dist/, or the folder that DIST names. With `--theirs` ours is left
// out, and no dist/ is wanted. Prints, and asserts nothing but that the two are the same model.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { LINK, anew, batchOf, heard, listen, stepping, until } from "../browser/learn-bench.mjs";
import { launch, withPage } from "../browser/support/browser.mjs";
import { Server } from "../browser/support/server.mjs";
import { Vitrine } from "../browser/support/vitrine.mjs";

/** Times that each is measured, by turns; medians are printed. */
const ROUNDS = 3;
/** The first steps, which touch memory for the first time, are not timed. */
const FIRST = 4;
/** Steps that are made of each. */
const STEPS = { vitrine: 60, wasm: 60, cpu: 14 };
/** A trainer that was paused stands still when it has said nothing for so long, in milliseconds. */
const REST = 5000;
/** What the default recipe says. */
const SETTINGS = { lambda: [1, 4], balance: 0.005, rate: 2e-3 };
/** A product that the model mostly consists of: rows, input, output. As src/training/dmt.rs has it. */
const typical = (config) => [1024, 4 * width(config) + config.dense, config.expert[0]];

/** Width of an item. */
const width = ({ item }) => item.product + item.product_type + item.brand + item.shop;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const WEIGHTS = here("../../assets/dmt-mmoe-position-neighbours.safetensors");
const PACKAGES = here("node_modules/@tensorflow/");

/** Settings of the model that ships, and the shapes of its parameters. */
async function shipped() {
  const file = await readFile(WEIGHTS);
  const { __metadata__: about, ...tensors } = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString());
  const own = Object.entries(tensors).filter(([name]) => !name.endsWith(".scale"));
  return { config: JSON.parse(about.vitrine).config, shapes: Object.fromEntries(own.map(([name, { shape }]) => [name, shape])) };
}

/** How many numbers of such shapes are learned. */
function parameters(shapes) {
  const learned = Object.entries(shapes).filter(([name]) => !name.startsWith("normaliser"));
  return learned.reduce((sum, [, shape]) => sum + shape.reduce((product, n) => product * n, 1), 0);
}

/**
 * Multiplications and additions of matrix products in a step, forward and backward, over page views that each have
 * so many clicks, carts, orders and impressions: as src/training/dmt.rs counts them.
 */
function products(config, views) {
  const { d_f, expert, experts, utility, dense } = config;
  const d = width(config);
  const through = (...widths) => widths.slice(1).reduce((sum, to, n) => sum + 2 * widths[n] * to, 0);
  const block = (queries, keys) => queries * (2 * through(d, d) + through(d, d_f, d)) + keys * 2 * through(d, d) + queries * keys * 4 * d;
  const x = 4 * d + dense;
  const last = expert.at(-1);
  const task = through(x, experts) + 2 * experts * last + through(last, ...utility, 1);
  const candidate = experts * through(x, ...expert) + 2 * task;
  const sequence = (length, count) => (length > 0 ? block(length, length) + block(count, length) : 0);
  const view = ([clicks, carts, orders, count]) => [clicks, carts, orders].reduce((sum, length) => sum + sequence(length, count), count * candidate);
  return 3 * views.reduce((sum, of) => sum + view(of), 0);
}

/** Runs in the page: whether this is the model of the reference, and how many parameters it has. */
async function same({ backend, wasm, config, shapes, reference, rate }) {
  const { Dmt, initial, quickenEmbeddings, random, setThreadsCount, setWasmPaths, tensors, tf } = globalThis.peer;
  if (backend === "wasm") {
    setWasmPaths(wasm);
    setThreadsCount(1);
  }
  tf.enableProdMode();
  await tf.setBackend(backend);
  await tf.ready();
  quickenEmbeddings(backend);
  const small = Object.fromEntries(Object.entries(reference.weights).map(([name, values]) => [name, tf.tensor(values)]));
  const known = new Dmt(reference.config, small);
  const { labels, present } = reference.input.loss;
  const batch = tensors({ ...reference.input, labels, present });
  const far = (found, expected) => tf.max(tf.abs(tf.sub(tf.reshape(found, [-1]), tf.reshape(tf.tensor(expected), [-1])))).dataSync()[0];
  const { utilities, gates } = known.rank(batch);
  const differs = Math.max(far(utilities, reference.insides.u), far(gates, reference.insides.w), far(known.bias(batch.places), reference.insides.y_b));
  known.dispose();
  const draw = random(1);
  const started = Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(initial(name, shape, draw), shape)]);
  globalThis.model = new Dmt(config, Object.fromEntries(started));
  globalThis.adam = tf.train.adam(rate, 0.9, 0.999, 1e-5);
  const simd = backend === "wasm" && (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"));
  return { differs, parameters: globalThis.model.parameters, simd, version: tf.version_core };
}

/** Runs in the page: milliseconds of the steps over these page views, and of the optimiser in them. */
async function steps({ views, settings, first }) {
  const { drawn, random, tensors, tf } = globalThis.peer;
  const { adam, model } = globalThis;
  const draw = random(2);
  const losses = [];
  let [all, optimiser] = [0, 0];
  for (const [step, of] of views.entries()) {
    // Its tensors are there before the clock starts.
    const batch = tensors(drawn(model.config, of, draw));
    const begin = performance.now();
    const { value, grads } = tf.variableGrads(() => model.loss(batch, settings), model.learned);
    losses.push(value.dataSync()[0]);
    const learned = performance.now();
    adam.applyGradients(grads);
    const end = performance.now();
    tf.dispose([value, grads, batch]);
    if (step >= first) {
      all += end - begin;
      optimiser += end - learned;
    }
    await new Promise((wake) => setTimeout(wake));
  }
  return { milliseconds: all, optimiser, losses, from: first, to: views.length };
}

/** Runs in the page: billions of multiplications and additions a second in a product of such sizes. */
function matrixSpeed([rows, input, output]) {
  const { tf } = globalThis.peer;
  const numbers = (rows, columns) => tf.tensor(Float32Array.from({ length: rows * columns }, (_, n) => (n % 13) - 6), [rows, columns]);
  const [a, b] = [numbers(rows, input), numbers(input, output)];
  // A page's clock is coarse: some at once. The best of many, for others use the machine, too.
  const AT_ONCE = 8;
  let best = Infinity;
  for (const begin = performance.now(); performance.now() - begin < 500; ) {
    const began = performance.now();
    for (let n = 0; n < AT_ONCE; n++) tf.matMul(a, b).dispose();
    best = Math.min(best, (performance.now() - began) / AT_ONCE);
  }
  tf.dispose([a, b]);
  return (2 * rows * input * output) / best / 1e6;
}

/** Opens an empty page that has the model on a backend, and hands it to `use`. */
async function withPeer({ browser, server }, about, use) {
  await withPage({ browser, server }, {}, async (page) => {
    await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: '<!DOCTYPE html><link rel="icon" href="data:,">' }));
    await page.goto(`${server.url}empty.html`);
    await page.evaluate(async (url) => {
      globalThis.peer = await import(url);
    }, `${server.url}peer.js`);
    page.setDefaultTimeout(0);
    const told = await page.evaluate(same, { ...about, wasm: `${server.url}tfjs-backend-wasm/dist/` });
    if (told.differs > 1e-5 || told.parameters !== parameters(about.shapes)) {
      throw new Error(`not the same model: ${JSON.stringify(told)}, and ours has ${parameters(about.shapes)} parameters`);
    }
    await use(page, told);
  });
}

/** One round of ours: the first steps of a run, timed by the trainer itself, and which ones. */
async function ours(page, batch) {
  await anew(page);
  const pressed = await page.evaluate(() => performance.now());
  await page.getByTestId("learn-go").click();
  await until(page, (steps) => globalThis.trainer.step >= steps, STEPS.vitrine);
  await page.getByTestId("learn-go").click();
  // A look may be under way: theirs would be timed beside it.
  await until(page, (rest) => performance.now() - globalThis.trainer.heard.at(-1).at > rest, REST);
  const went = (await heard(page, pressed)).filter(({ what }) => what === "went");
  const last = went.findIndex(({ step }) => step >= STEPS.vitrine);
  const timed = went.slice(0, last + 1).filter(({ step, losses }) => step - losses.length >= FIRST);
  const { milliseconds } = stepping(timed, batch);
  return { milliseconds, from: timed[0].step - timed[0].losses.length, to: timed.at(-1).step };
}

/** One round of theirs. */
const theirs = (page, views) => page.evaluate(steps, { views, settings: SETTINGS, first: FIRST });

/** The round in the middle, by the time that a step takes. */
function median(rounds) {
  const step = ({ milliseconds, from, to }) => milliseconds / (to - from);
  return [...rounds].sort((a, b) => step(a) - step(b))[rounds.length >> 1];
}

const options = process.argv.slice(2);
const alone = options.includes("--theirs");
const [file = here("../../target/dmt-steps.json")] = options.filter((option) => !option.startsWith("--"));
const { steps: described } = JSON.parse(await readFile(file, "utf8"));
// The tab's rounds end with the first message of steps after those that were asked for.
if (described.length < 2 * STEPS.vitrine) {
  throw new Error(`${file} has ${described.length} steps, ${2 * STEPS.vitrine} are wanted`);
}
const { config, shapes } = await shipped();
const [reference] = JSON.parse(await readFile(here("../reference/dmt.json"), "utf8"));
const about = { config, shapes, reference, rate: SETTINGS.rate };
const bundled = await build({ entryPoints: [here("dmt.js")], bundle: true, format: "esm", minify: true, write: false, logLevel: "warning" });
const [browser, packages] = await Promise.all([launch(), Server.start({ root: PACKAGES })]);
packages.faults.set("peer.js", { body: bundled.outputFiles[0].text, type: "text/javascript" });
const server = alone ? null : await Server.start();

/** What the lengths in the file are of, beside what the tab learns from. */
async function compared(tab, batch) {
  const [begun] = (await heard(tab)).filter(({ what }) => what === "begun");
  const [views, largest] = [described.flat().length, Math.max(...described.map(({ length }) => length))];
  if (begun.views !== views || batch !== largest) {
    console.log(`Other steps than the tab's: ${file} has ${views} page views, ${largest} a step, the tab ${begun.views}, ${batch} a step`);
  }
}

try {
  const rounds = { vitrine: [], wasm: [], cpu: [] };
  const speeds = [];
  await withPeer({ browser, server: packages }, { backend: "wasm", ...about }, async (page, { version, simd, parameters }) => {
    console.log(`Chromium ${browser.version()}, headless; TensorFlow.js ${version}, SIMD: ${simd}; one thread each`);
    console.log(`DMT, ${parameters.toLocaleString("en")} parameters in both; rounds of ours and of theirs by turns, the median of ${ROUNDS}`);
    const sizes = [typical(config), [512, 512, 512]];
    for (const size of sizes) {
      speeds.push(await page.evaluate(matrixSpeed, size));
      const [n, input, output] = size;
      console.log(`[${n}, ${input}] by [${input}, ${output}] is multiplied at ${speeds.at(-1).toFixed(1)} GFLOP/s in a tab, by TensorFlow.js, wasm`);
    }
    const views = described.slice(0, STEPS.wasm);
    const round = async () => rounds.wasm.push(await theirs(page, views));
    if (alone) {
      for (let n = 0; n < ROUNDS; n++) await round();
      return;
    }
    await withPage({ browser, server }, {}, async (tab) => {
      await listen(tab);
      const vitrine = new Vitrine(tab, server);
      await vitrine.open(`${LINK}&learn=shoppers:400`);
      await vitrine.ready();
      const batch = await batchOf(tab);
      for (let n = 0; n < ROUNDS; n++) {
        rounds.vitrine.push(await ours(tab, batch));
        await round();
      }
      await compared(tab, batch);
    });
  });
  await withPeer({ browser, server: packages }, { backend: "cpu", ...about }, async (page) => {
    rounds.cpu.push(await theirs(page, described.slice(0, STEPS.cpu)));
  });

  const { losses, optimiser, from, to } = median(rounds.wasm);
  const mean = (values) => (values.reduce((a, b) => a + b) / values.length).toFixed(3);
  const last = rounds.wasm.at(-1).losses;
  console.log(`Theirs learns: its loss on what was drawn was ${mean(rounds.wasm[0].losses.slice(0, 5))} over its first five steps, ${mean(last.slice(-5))} over its last`);
  console.log(`Of a step of theirs, wasm, the optimiser takes ${(optimiser / (to - from)).toFixed(1)} ms (${losses.length} steps)\n`);
  console.log("| | steps timed | ms a step | steps a second | page views a second | GFLOP/s | of the first speed above | times as long as ours |");
  console.log("|---|---:|---:|---:|---:|---:|---:|---:|");
  let own;
  for (const [name, of] of [["vitrine", rounds.vitrine], ["TensorFlow.js, wasm", rounds.wasm], ["TensorFlow.js, cpu", rounds.cpu]]) {
    if (of.length === 0) continue;
    const { from, to, milliseconds } = median(of);
    const timed = described.slice(from, to);
    const work = timed.reduce((sum, views) => sum + products(config, views), 0) / milliseconds / 1e6;
    own ??= alone ? null : work;
    const step = milliseconds / (to - from);
    const cells = [
      name,
      `${from + 1} to ${to}`,
      step.toFixed(1),
      (1000 / step).toFixed(1),
      ((1000 * timed.flat().length) / milliseconds).toFixed(0),
      work.toFixed(2),
      `${((100 * work) / speeds[0]).toFixed(0)} %`,
      // For the same work: not all are over the same steps.
      own ? (own / work).toFixed(2) : "",
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
} finally {
  await Promise.all([browser.close(), packages.stop(), server?.stop()]);
}
