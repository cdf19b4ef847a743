// A million vectors in a page: exact search, there and in shards with a worker each, and what the clustering
// tree costs and finds.
//
//   node tests/browser/index-bench.mjs [vectors] [dimension]
//
// Prints tables and asserts nothing. `./dev bench` runs it; it wants target/index, which that builds.

import { launch } from "./support/browser.mjs";
import { withIndex } from "./support/index-alone.mjs";

/** A mixture of Gaussians: centres, and how long what is added to one is beside it. */
const MIXTURE = { centres: 1000, spread: 1 };
const QUERIES = 200;
const BEAMS = [4, 8, 16, 32, 64, 128];
/** Workers among which the vectors are parted. */
const SHARDS = [1, 2, 4];

/** Runs in the page, on its one thread. */
async function measure({ count, dimension, centres, spread, queries, beams }) {
  const { Bench, mixture } = globalThis.index;
  const quantile = (times, q) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(q * times.length))];
  const bench = new Bench(dimension, count);
  for (let from = 0; from < count; from += 50_000) {
    const to = Math.min(count, from + 50_000);
    bench.push(from, mixture(dimension, centres, spread, from, to));
  }
  const flat = mixture(dimension, centres, spread, count, count + queries);
  const asked = Array.from({ length: queries }, (_, i) => flat.subarray(i * dimension, (i + 1) * dimension));
  const ask = (k, beam) => {
    const found = [];
    const times = asked.map((query) => {
      const begin = performance.now();
      found.push(bench.search(query, k, beam));
      return performance.now() - begin;
    });
    return { found, best: Math.min(...times), p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  };
  bench.step();
  ask(200, 0);
  const exact = [100, 200, 6000].map((k) => ({ k, ...ask(k, 0) }));
  let [steps, longest] = [0, 0];
  const begin = performance.now();
  for (let done = 0, last = begin; done < 1; steps++) {
    done = bench.step();
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  const build = performance.now() - begin;
  const truth = exact[0].found.map((numbers) => new Set(numbers));
  const tree = beams.map((beam) => {
    const { found, p50, p99 } = ask(100, beam);
    const hits = found.reduce((sum, numbers, i) => sum + numbers.filter((number) => truth[i].has(number)).length, 0);
    return { beam, recall: hits / (100 * queries), scored: bench.scored(), p50, p99 };
  });
  const memory = globalThis.memory.buffer.byteLength;
  const written = bench.written();
  return { exact: exact.map(({ k, best, p50, p99 }) => ({ k, best, p50, p99 })), build, steps, longest, tree, memory, written };
}

/**
 * Runs in the page: from the question to the merged best 200, by how many workers have a shard each. What
 * several find must be what one finds.
 */
async function measureShards({ count, dimension, centres, spread, queries, shards: counts }) {
  const { Shards } = await import("./shards.js");
  const quantile = (times, q) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(q * times.length))];
  const flat = globalThis.index.mixture(dimension, centres, spread, count, count + queries);
  // Copies: with a part of an array all of it would be sent.
  const asked = Array.from({ length: queries }, (_, i) => flat.slice(i * dimension, (i + 1) * dimension));
  const rows = [];
  let first;
  for (const workers of counts) {
    const begin = performance.now();
    const shards = await Shards.make(count, workers, { dimension, centres, spread });
    const made = performance.now() - begin;
    await shards.search(asked[0], 200);
    const [times, found] = [[], []];
    for (const query of asked) {
      const begin = performance.now();
      found.push((await shards.search(query, 200)).join());
      times.push(performance.now() - begin);
    }
    shards.end();
    first ??= found;
    const other = found.findIndex((numbers, i) => numbers !== first[i]);
    if (other >= 0) throw new Error(`query ${other}: ${workers} shards find others than ${counts[0]}`);
    rows.push({ workers, made, best: Math.min(...times), p50: quantile(times, 0.5), p99: quantile(times, 0.99), memory: shards.memory });
  }
  return rows;
}

/** Prints what `count` vectors of `dimension` values cost. */
export async function bench(browser, count = 1_000_000, dimension = 64) {
  await withIndex(browser, async (page) => {
    const { centres, spread } = MIXTURE;
    const told = await page.evaluate(measure, { count, dimension, centres, spread, queries: QUERIES, beams: BEAMS });
    const ms = (time) => `${time.toFixed(2)} ms`;
    console.log(`\n### ${count.toLocaleString("en")} × ${dimension} int8 in a page, one thread\n`);
    console.log(`${centres} Gaussians, spread ${spread}, seed 1; ${QUERIES} queries of the same mixture.\n`);
    for (const { k, best, p50, p99 } of told.exact) {
      console.log(`exact, best ${k}: least ${ms(best)}, p50 ${ms(p50)}, p99 ${ms(p99)}`);
    }
    console.log(`tree built in ${(told.build / 1000).toFixed(1)} s: ${told.steps} steps, the longest ${(told.longest / 1000).toFixed(2)} s`);
    console.log(`memory of the program ${(told.memory / 1e6).toFixed(0)} MB; the tree as a file ${(told.written / 1e6).toFixed(0)} MB\n`);
    console.log("| beam | recall@100 | p50 | p99 |\n|---:|---:|---:|---:|");
    for (const { beam, recall, p50, p99 } of told.tree) {
      console.log(`| ${beam} | ${recall.toFixed(4)} | ${ms(p50)} | ${ms(p99)} |`);
    }
  });
  // A page of its own: what the other took of memory is given back.
  await withIndex(browser, async (page) => {
    const { centres, spread } = MIXTURE;
    const rows = await page.evaluate(measureShards, { count, dimension, centres, spread, queries: QUERIES, shards: SHARDS });
    const ms = (time) => `${time.toFixed(2)} ms`;
    console.log("\nThe same in workers with a shard each, from the question to the merged best 200:\n");
    console.log("| workers | least | p50 | p99 | drawn in | memory of the programs |\n|---:|---:|---:|---:|---:|---:|");
    for (const { workers, made, best, p50, p99, memory } of rows) {
      const megabytes = memory.map((bytes) => (bytes / 1e6).toFixed(0)).join(" + ");
      console.log(`| ${workers} | ${ms(best)} | ${ms(p50)} | ${ms(p99)} | ${(made / 1000).toFixed(1)} s | ${megabytes} MB |`);
    }
  });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const browser = await launch();
  try {
    console.log(`Chromium ${browser.version()}, headless`);
    await bench(browser, Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 64));
  } finally {
    await browser.close();
  }
}
