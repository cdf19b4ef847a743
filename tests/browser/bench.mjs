// What is shipped, in bytes, and how long it takes, in a browser on this machine. Prints tables;
// asserts nothing. Run by `./dev bench`; alone, it takes the names of the parts to run.

import { readdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { bench as index } from "./index-bench.mjs";
import { bench as learn } from "./learn-bench.mjs";
import { bench as shops } from "./shop-bench.mjs";
import { arrivals, watchArrivals } from "./support/arrivals.mjs";
import { FIRST_RANKING, PREPARED_SHELF, SIZES } from "./support/bars.mjs";
import { launch, withPage } from "./support/browser.mjs";
import { DIST, Server } from "./support/server.mjs";
import { Vitrine } from "./support/vitrine.mjs";

/** Changes of a knob that are timed. */
const ROUNDS = 40;
/** A phone's line, or that of a lecture room. */
const LINE = { bitsPerSecond: 10e6, latency: 20 };

function print(title, rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const write = (row) => console.log(`| ${row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(" | ")} |`);
  console.log(`\n### ${title}\n`);
  write(rows[0]);
  console.log(`|${widths.map((width, i) => (i ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`);
  rows.slice(1).forEach(write);
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const ms = (value) => `${value.toFixed(1)} ms`;
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

/** Decimal kilobytes. The engine and the assets have no bar of their own: a first ranking waits for all together. */
async function sizes() {
  const { first } = JSON.parse(await readFile(join(DIST, "assets/manifest.json"), "utf8"));
  const firstAssets = ["manifest.json", ...first].map((name) => `assets/${name}`);
  const files = await readdir(DIST, { recursive: true });
  const groups = [
    ["page (js, css, wasm, English)", SIZES.page, files.filter((name) => /^((app|style)-.*\.(js|css|wasm)|languages\/en\.json)$/.test(name))],
    ["the same words in Chinese", null, ["languages/zh.json"]],
    ["words that come behind, English", null, ["languages/en-more.json"]],
    ["studio, fetched when opened", SIZES.studio, files.filter((name) => /^studio.*\.(js|css|wasm)$/.test(name))],
    ["trainer, fetched when asked for", SIZES.trainer, files.filter((name) => name.startsWith("trainer"))],
    ["CPU engine", null, files.filter((name) => name.startsWith("engine-cpu"))],
    ["WebGPU engine, fetched behind", SIZES.webgpu, files.filter((name) => name.startsWith("engine-webgpu"))],
    ["assets for the first ranking", null, firstAssets],
  ];
  const waited = ["page", "CPU engine", "assets"];
  const all = groups.filter(([name]) => waited.some((part) => name.startsWith(part)));
  groups.push(["all that a first ranking waits for", SIZES.all, all.flatMap(([, , members]) => members)]);
  const rows = [["what", "plain", "gzip -9", "brotli", "bar (gzip)"]];
  for (const [name, bar, members] of groups) {
    let [plain, gzip, brotli] = [0, 0, 0];
    for (const member of members) {
      const bytes = await readFile(join(DIST, member));
      plain += bytes.length;
      gzip += gzipSync(bytes, { level: 9 }).length;
      brotli += brotliCompressSync(bytes).length;
    }
    rows.push([name, kb(plain), kb(gzip), kb(brotli), bar ? kb(bar * 1000) : "-"]);
  }
  print("Sizes", rows);
  print("Assets for the first ranking", [
    ["file", "plain", "gzip -9"],
    ...(await Promise.all(
      firstAssets.map(async (name) => {
        const bytes = await readFile(join(DIST, name));
        return [name, kb(bytes.length), kb(gzipSync(bytes, { level: 9 }).length)];
      }),
    )),
  ]);
}

/**
 * When the prepared shelf and when the first ranking is there: cold, then warm, the same profile again. Three
 * profiles, the median of each.
 */
async function firstVisits(browser, line, encoding) {
  const server = await Server.start({ encoding, level: 9 });
  const times = { prepared: { cold: [], warm: [] }, ranking: { cold: [], warm: [] } };
  const visit = async (page) => {
    await page.goto(server.url);
    return arrivals(page);
  };
  const note = (how, { prepared, ranking }) => {
    times.ranking[how].push(ranking);
    if (prepared !== null) times.prepared[how].push(prepared);
  };
  const fresh = (use) =>
    withPage({ browser, server }, { webgpu: true }, async (page) => {
      await watchArrivals(page);
      await use(page);
    });
  try {
    // Compresses everything once, outside what is timed.
    await fresh(visit);
    server.line = line;
    for (let i = 0; i < 3; i++) {
      await fresh(async (page) => {
        note("cold", await visit(page));
        await page.waitForTimeout(1000);
        await page.goto("about:blank");
        note("warm", await visit(page));
      });
    }
  } finally {
    await server.stop();
  }
  const median = (list) => quantile(list.sort((a, b) => a - b), 0.5);
  const medians = ({ cold, warm }) => ({ cold: median(cold), warm: median(warm) });
  return { prepared: medians(times.prepared), ranking: medians(times.ranking) };
}

/**
 * Turns a knob to and fro and measures, in the page, from the input event to the frame that
 * shows other scores, or where the engine is asked, its answer; and the longest that the page's
 * thread was busy meanwhile.
 */
function timeKnob(page, testid, values, asksEngine) {
  return page.evaluate(
    async ({ testid, values, asksEngine }) => {
      const control = document.querySelector(`[data-testid="${testid}"]`);
      const shown = () =>
        [...document.querySelectorAll('[data-testid="product"]')]
          .map(({ dataset }) => `${dataset.productId} ${dataset.rank} ${dataset.score}`)
          .join();
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
      const answered = () => Number(document.documentElement.dataset.run);
      let [blocked, moved] = [0, 0];
      const observer = new PerformanceObserver((list) => {
        blocked = Math.max(blocked, ...list.getEntries().map(({ duration }) => duration));
      });
      observer.observe({ type: "longtask" });
      const times = [];
      for (const value of values) {
        const [before, run] = [shown(), answered()];
        const done = () => shown() !== before || (asksEngine && answered() > run);
        await frame();
        const begin = performance.now();
        if (control.type === "checkbox") {
          control.click();
        } else {
          Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value").set.call(control, value);
          control.dispatchEvent(new Event("input", { bubbles: true }));
          control.dispatchEvent(new Event("change", { bubbles: true }));
        }
        while (!done() && performance.now() - begin < 10_000) {
          await new Promise((resolve) => {
            const channel = new MessageChannel();
            channel.port1.onmessage = resolve;
            channel.port2.postMessage(null);
          });
        }
        const changed = done();
        await painted();
        if (changed) {
          times.push(performance.now() - begin);
        }
        moved += shown() !== before;
        await sleep(150);
      }
      observer.disconnect();
      return { times: times.sort((a, b) => a - b), blocked, moved };
    },
    { testid, values, asksEngine },
  );
}

const between = (low, high) => Array.from({ length: ROUNDS }, (_, i) => (i % 2 ? low : high) - (i >> 1) * 0.01 * (high - low));
const toggled = Array.from({ length: ROUNDS }, (_, i) => i % 2);

async function knobs(browser) {
  const server = await Server.start();
  const rows = [["knob (CPU engine)", "candidates", "p50", "p95", "longest task", "answers", "first page changed", "bar"]];
  try {
    for (const [testid, values, candidates, bar] of [
      ["weight-order", between(0.4, 0.9), 1000, 16.7],
      ["weight-click", between(0.4, 0.9), 1000, 16.7],
      ["gate-temperature", between(1, 3), 200, 100],
      ["bias-at-serving", toggled, 200, 100],
      ["bias-position", toggled, 200, 100],
      ["weight-relevance", between(0.4, 0.9), 200, 100],
      ["candidates", Array.from({ length: ROUNDS }, (_, i) => (i % 2 ? 200 : 20)), 200, 100],
      ["sample", toggled, 200, 100],
      ["shopper", null, 200, 100],
    ]) {
      await withPage({ browser, server }, {}, async (page) => {
        const vitrine = new Vitrine(page, server);
        const atServing = testid.startsWith("bias-p") ? "&bias-at-serving=on" : "";
        await vitrine.open(`?v=1&backend=cpu&relevance-control=off&candidates=${candidates}${atServing}`);
        await vitrine.ready();
        const options = values ?? (await vitrine.get(testid).locator("option").evaluateAll((all) => all.map(({ value }) => value)));
        const steps = values ?? Array.from({ length: ROUNDS }, (_, i) => options[(i + 1) % options.length]);
        await timeKnob(page, testid, steps.slice(0, 4), bar === 100);
        const { times, blocked, moved } = await timeKnob(page, testid, steps, bar === 100);
        const seen = [`${times.length} of ${steps.length}`, `${moved}`];
        rows.push(
          times.length
            ? [testid, `${candidates}`, ms(quantile(times, 0.5)), ms(quantile(times, 0.95)), blocked ? ms(blocked) : "< 50 ms", ...seen, ms(bar)]
            : [testid, `${candidates}`, "-", "-", "-", ...seen, ms(bar)],
        );
      });
    }
  } finally {
    await server.stop();
  }
  print("From a knob to the painted order", rows);
}

/** What MLPR's paper times (table 5): a list of 100 products, from the query to the order. */
async function mlpr(browser) {
  const server = await Server.start();
  const rows = [["MLPR over 100 products (CPU engine)", "p50", "p99", "the paper's p99, on a V100"]];
  try {
    for (const [name, precomputed, paper] of [
      ["products' vectors made before", "on", "112 ms"],
      ["products' vectors on the spot", "off", "171 ms"],
    ]) {
      await withPage({ browser, server }, {}, async (page) => {
        const vitrine = new Vitrine(page, server);
        await vitrine.open(`?v=1&backend=cpu&ranker=mlpr&relevance-control=off&candidates=100&precomputed=${precomputed}`);
        await vitrine.ready();
        const stage = (name) => page.locator(`dd[data-stage="${name}"]`).textContent().then(parseFloat);
        const times = [];
        for (let i = 0; i < 100; i++) {
          const run = await vitrine.run();
          await vitrine.set("gate-temperature", i % 2 ? 1 : 1.5 + (i % 7) / 10);
          await page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
          times.push(await stage("rank"));
        }
        times.sort((a, b) => a - b);
        rows.push([name, ms(quantile(times, 0.5)), ms(quantile(times, 0.99)), paper]);
      });
    }
  } finally {
    await server.stop();
  }
  print("MLPR's time to rank (its paper's table 5)", rows);
}

async function firstRankingTable(browser) {
  const head = (what) => [what, "cold", "warm cache", "bar (cold)"];
  const [shelves, rankings] = [[head("prepared shelf")], [head("first ranking")]];
  // Where the engine is sooner than what was prepared, there is no time of that.
  const shown = (time) => (time ? ms(time) : "-");
  for (const [name, line, encoding, bar] of [
    ["10 Mbit/s, gzip", LINE, "gzip", FIRST_RANKING.gzip],
    ["10 Mbit/s, brotli", LINE, "br", FIRST_RANKING.br],
    ["this machine", null, "gzip", null],
  ]) {
    const { prepared, ranking } = await firstVisits(browser, line, encoding);
    shelves.push([name, shown(prepared.cold), shown(prepared.warm), shown(line && PREPARED_SHELF)]);
    rankings.push([name, shown(ranking.cold), shown(ranking.warm), shown(bar)]);
  }
  print("Time to the prepared shelf", shelves);
  print("Time to the first ranking", rankings);
}

const shop = async (browser) => print("Shops of every size, in the tab", await shops(browser));

const PARTS = { sizes, "first-ranking": firstRankingTable, knobs, mlpr, index, learn, shop };
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}, only ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

const browser = await launch();
try {
  console.log(`${cpus().length} × ${cpus()[0].model}, Chromium ${browser.version()}, headless`);
  for (const [name, run] of Object.entries(PARTS)) {
    if (asked.length === 0 || asked.includes(name)) {
      await run(browser);
    }
  }
} finally {
  await browser.close();
}
