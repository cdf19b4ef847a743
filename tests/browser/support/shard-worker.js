// A shard of an index, in a plain worker with a memory of its own: the vectors of a mixture under some
// numbers, searched exactly. What is found is handed over, not copied. The server of support/index-alone.mjs
// has this file as shard-worker.js beside the program.

import init, { Bench, mixture } from "./index-alone.js";

/** Vectors that are drawn at once. */
const SLICE = 50_000;

const started = init();
let bench;

onmessage = async ({ data: { make, search } }) => {
  const { memory } = await started;
  if (make) {
    const { dimension, centres, spread, from, to } = make;
    bench = new Bench(dimension, to - from);
    for (let at = from; at < to; at += SLICE) {
      bench.push(at, mixture(dimension, centres, spread, at, Math.min(to, at + SLICE)));
    }
    bench.step();
    postMessage({ memory: memory.buffer.byteLength });
  } else {
    const numbers = bench.search(search.query, search.k, 0);
    const scores = bench.scores();
    postMessage({ numbers, scores }, [numbers.buffer, scores.buffer]);
  }
};
