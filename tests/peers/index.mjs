// The clustering tree beside edgevec and hnswlib-wasm: the same vectors, one page of one browser, one thread.
//
//   npm install --prefix target/peers edgevec hnswlib-wasm
//   node tests/peers/index.mjs [vectors] [folder of the packages]
//
// Wants target/index (`./dev bench` builds it). Of each index the first setting that finds 0.95 of the exact
// best 100 counts: seconds to build, milliseconds a query, and the product of both. Graphs in a page take
// minutes for 100,000 vectors, so that is how many there are unless it is said. Prints, and asserts nothing.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../browser/support/browser.mjs";
import { withIndex } from "../browser/support/index-alone.mjs";
import { Server } from "../browser/support/server.mjs";

const count = Number(process.argv[2] ?? 100_000);
const packages = resolve(process.argv[3] ?? fileURLToPath(new URL("../../target/peers/node_modules", import.meta.url)));
const SETTINGS = { count, dimension: 64, centres: 1000, spread: 1, queries: 100, top: 100, enough: 0.95 };

/** Runs in the page. */
async function measure({ peer, count, dimension, centres, spread, queries, top, enough }) {
  const { Bench, mixture } = globalThis.index;
  const all = mixture(dimension, centres, spread, 0, count);
  const vector = (number) => all.subarray(number * dimension, (number + 1) * dimension);
  const flat = mixture(dimension, centres, spread, count, count + queries);
  const asked = Array.from({ length: queries }, (_, i) => flat.slice(i * dimension, (i + 1) * dimension));
  // What all are held against: exact in f32.
  const best = asked.map((query) => {
    const scores = Float32Array.from({ length: count }, (_, number) => {
      let sum = 0;
      for (let i = 0, at = number * dimension; i < dimension; i++, at++) {
        sum += all[at] * query[i];
      }
      return sum;
    });
    const order = Uint32Array.from({ length: count }, (_, number) => number);
    return new Set(order.sort((a, b) => scores[b] - scores[a]).subarray(0, top));
  });
  const ask = (setting, search) => {
    let hits = 0;
    const times = asked.map((query, i) => {
      const begin = performance.now();
      const numbers = search(query);
      const time = performance.now() - begin;
      hits += numbers.filter((number) => best[i].has(number)).length;
      return time;
    });
    // A page's clock is coarse: the mean says more of what takes less than its tick.
    const sorted = times.sort((a, b) => a - b).slice(0, Math.ceil(0.9 * times.length));
    return { setting, recall: hits / (top * queries), query: sorted.reduce((a, b) => a + b) / sorted.length };
  };
  const timed = async (build) => {
    const begin = performance.now();
    const built = await build();
    return { built, build: (performance.now() - begin) / 1000 };
  };

  if (peer === "vitrine, tree") {
    const { built, build } = await timed(() => {
      const bench = new Bench(dimension, count);
      bench.push(0, all);
      while (bench.step() < 1);
      return bench;
    });
    for (const beam of [4, 8, 16, 32, 64, 128, 256]) {
      const told = ask(`beam ${beam}`, (query) => [...built.search(query, top, beam)]);
      if (told.recall >= enough || beam === 256) {
        return { build, ...told };
      }
    }
  }
  if (peer === "edgevec, HNSW") {
    const { default: init, EdgeVec, EdgeVecConfig } = await import(`${globalThis.packages}edgevec/edgevec.js`);
    await init();
    let told;
    // The setting of a search is one of the index.
    for (const ef of [100, 200, 400]) {
      const numbers = new Map();
      const { built, build } = await timed(() => {
        const config = new EdgeVecConfig(dimension);
        // The same order as inner products, for vectors of length one; by "dot" and "cosine" version 0.9
        // brings those that are the least alike.
        config.metric = "l2";
        config.ef_search = ef;
        const index = new EdgeVec(config);
        for (let number = 0; number < count; number++) {
          numbers.set(index.insert(vector(number)), number);
        }
        return index;
      });
      told = { build, ...ask(`ef ${ef}`, (query) => built.search(query, top).map(({ id }) => numbers.get(id))) };
      if (told.recall >= enough) {
        break;
      }
    }
    return told;
  }
  const { loadHnswlib } = await import(`${globalThis.packages}hnswlib-wasm/dist/hnswlib.js`);
  const library = await loadHnswlib();
  const { built, build } = await timed(() => {
    const index = new library.HierarchicalNSW("ip", dimension, "");
    index.initIndex(count, 16, 100, 1);
    for (let number = 0; number < count; number++) {
      index.addPoint(vector(number), number, false);
    }
    return index;
  });
  let told;
  for (const ef of [100, 200, 400, 800]) {
    built.setEfSearch(ef);
    told = { build, ...ask(`ef ${ef}`, (query) => built.searchKnn(query, top, undefined).neighbors) };
    if (told.recall >= enough) {
      break;
    }
  }
  return told;
}

const [browser, server] = await Promise.all([launch(), Server.start({ root: packages })]);
server.headers = { "access-control-allow-origin": "*" };
try {
  console.log(`Chromium ${browser.version()}, headless; ${count} vectors of ${SETTINGS.dimension}, 1,000 Gaussians of spread 1\n`);
  console.log("| index | setting | recall@100 | build, s | query, ms | build x query | ratio to ours |");
  console.log("|---|---|---:|---:|---:|---:|---:|");
  let own;
  for (const peer of ["vitrine, tree", "edgevec, HNSW", "hnswlib-wasm, HNSW16"]) {
    let told;
    const failed = await withIndex(browser, async (page) => {
      await page.route("**/packages/**", async (route) => {
        const path = new URL(route.request().url()).pathname.replace("/packages/", "");
        route.fulfill({ response: await page.request.get(`${server.url}${path}`) });
      });
      await page.evaluate(() => (globalThis.packages = new URL("packages/", document.baseURI).href));
      page.setDefaultTimeout(0);
      told = await page.evaluate(measure, { peer, ...SETTINGS });
    }).catch((error) => error);
    if (!told) {
      console.log(`| ${peer} | failed: ${String(failed).split("\n")[0]} |`);
      continue;
    }
    const product = told.build * told.query;
    own ??= product;
    const row = [peer, told.setting, told.recall.toFixed(4), told.build.toFixed(1), told.query.toFixed(3), product.toPrecision(3), (product / own).toPrecision(3)];
    console.log(`| ${row.join(" | ")} |`);
  }
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
