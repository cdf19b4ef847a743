// Exact search over shards, each in a plain worker: what they find is merged here. The server of
// support/index-alone.mjs has this file as shards.js beside the program, which must have been started.

import { merged, part } from "./index-alone.js";

/** What a worker answers to a message. */
function answered(worker, message) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  });
}

/** Arrays as one, each behind the one before. */
function joined(Type, arrays) {
  const all = new Type(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

export class Shards {
  /** @param {number[]} memory bytes that each worker's program has */
  constructor(workers, memory) {
    Object.assign(this, { workers, memory });
  }

  /** So many workers, among which so many vectors of a mixture are parted. */
  static async make(vectors, shards, mixture) {
    const workers = Array.from({ length: shards }, () => new Worker("./shard-worker.js", { type: "module" }));
    const made = workers.map((worker, shard) => {
      const [from, to] = part(vectors, shards, shard);
      return answered(worker, { make: { ...mixture, from, to } });
    });
    return new Shards(workers, (await Promise.all(made)).map(({ memory }) => memory));
  }

  /** The numbers of the best; one question at a time. */
  async search(query, k) {
    const found = await Promise.all(this.workers.map((worker) => answered(worker, { search: { query, k } })));
    const numbers = joined(Uint32Array, found.map(({ numbers }) => numbers));
    const scores = joined(Float32Array, found.map(({ scores }) => scores));
    return merged(numbers, scores, k);
  }

  end() {
    for (const worker of this.workers) worker.terminate();
  }
}
