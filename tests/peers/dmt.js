// DMT (MMoE) in TensorFlow.js, after the paper's equations 1 to 5, with the names and shapes of our own files
// of weights (docs/weights.md): so it has as many parameters as ours. Bundled into one script for a page.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

export { setThreadsCount, setWasmPaths, tf };

const PARTS = ["product", "product_type", "brand", "shop"];
/** Added to the score of a key that is padding. */
const MASKED = -1e30;
const EPSILON = 1e-5;
/** Z-scores are kept this near to zero. */
const FURTHEST = 6;

/**
 * Gives a backend a quick gradient of embeddings, which adds up rows by their number. "wasm" has no kernel for
 * it, and that of "cpu" goes over the whole batch once for each row of a table, some ten seconds a step.
 */
export function quickenEmbeddings(backendName) {
  const kernelName = "UnsortedSegmentSum";
  const { kernelFunc } = tf.getKernel("ScatterNd", backendName);
  if (tf.getKernel(kernelName, backendName)) {
    tf.unregisterKernel(kernelName, backendName);
  }
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) {
      const indices = { ...segmentIds, shape: [segmentIds.shape[0], 1] };
      return kernelFunc({ inputs: { indices, updates: x }, attrs: { shape: [numSegments, ...x.shape.slice(1)] }, backend });
    },
  });
}

/**
 * `[n, m]` by `[m, o]`. The gradients of tf.matMul are products by a transposed matrix, which "wasm" leaves to a
 * loop of its own; transposed first, they go to XNNPACK and take a fraction of the time.
 */
const product = tf.customGrad((a, b, save) => {
  save([a, b]);
  const gradFunc = (dy, [a, b]) => [tf.matMul(dy, tf.transpose(b)), tf.matMul(tf.transpose(a), dy)];
  return { value: tf.matMul(a, b), gradFunc };
});

/** Numbers from a seed, from 0 up to 1. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values that a parameter of this name and shape starts with: as ours. */
export function initial(name, shape, draw) {
  const count = shape.reduce((product, n) => product * n, 1);
  const values = (of) => Float32Array.from({ length: count }, of);
  const normal = (deviation) => values(() => deviation * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()));
  if (/gamma$|deviation$/.test(name)) return values(() => 1);
  if (/beta$|mean$/.test(name)) return values(() => 0);
  if (/items/.test(name)) return normal(0.5);
  if (/positions/.test(name)) return normal(0.02);
  if (/bias\.(index|page|types)/.test(name)) return normal(0.05);
  const bound = shape[0] ** -0.5;
  // Attention starts towards what is alike.
  const alike = /queries|keys/.test(name) ? 2 : 0;
  return values((_, place) => bound * (2 * draw() - 1) + (place % (shape[1] + 1) === 0 ? alike : 0));
}

export class Dmt {
  /** `config` as our files have it; `weights`: a tensor for each of their names. Those of `normaliser` are not learned. */
  constructor(config, weights) {
    this.config = config;
    this.weights = new Map(Object.entries(weights).map(([name, tensor]) => [name, tensor.variable(!name.startsWith("normaliser"), name)]));
  }

  /** What is learned. */
  get learned() {
    return [...this.weights.values()].filter(({ trainable }) => trainable);
  }

  get parameters() {
    return this.learned.reduce((sum, { size }) => sum + size, 0);
  }

  dispose() {
    this.weights.forEach((variable) => variable.dispose());
  }

  weight(name) {
    return this.weights.get(name);
  }

  /** `[n, input]` to `[n, output]`. */
  linear(name, x) {
    const bias = this.weight(`${name}.bias`);
    const multiplied = product(x, this.weight(`${name}.weight`));
    return bias ? tf.add(multiplied, bias) : multiplied;
  }

  /** ReLU between layers. */
  perceptron(name, x, layers) {
    for (let n = 0; n < layers; n++) {
      x = this.linear(`${name}.layers.${n}`, n > 0 ? tf.relu(x) : x);
    }
    return x;
  }

  norm(name, x) {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), EPSILON));
    return tf.add(tf.mul(tf.mul(centred, scale), this.weight(`${name}.gamma`)), this.weight(`${name}.beta`));
  }

  /** A block of the transformer (1, 2): `[R, C, d]` attend to `[R, T, d]`; `penalty` is `[R, 1, 1, T]`. */
  block(name, queries, keys, penalty) {
    const { heads } = this.config;
    const [rows, count, d] = queries.shape;
    const flat = tf.reshape(queries, [rows * count, d]);
    const split = (part, of) => {
      const length = of.shape[1];
      const projected = this.linear(`${name}.attention.${part}`, tf.reshape(of, [rows * length, d]));
      return tf.transpose(tf.reshape(projected, [rows, length, heads, d / heads]), [0, 2, 1, 3]);
    };
    const q = tf.mul(split("queries", queries), (d / heads) ** -0.5);
    const scores = tf.add(tf.matMul(q, split("keys", keys), false, true), penalty);
    const attended = tf.matMul(tf.softmax(scores), split("values", keys));
    const joined = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * count, d]);
    const hidden = this.norm(`${name}.attention_norm`, tf.add(flat, this.linear(`${name}.attention.output`, joined)));
    const output = tf.add(hidden, this.perceptron(`${name}.feed_forward`, hidden, 2));
    return tf.reshape(this.norm(`${name}.feed_forward_norm`, output), [rows, count, d]);
  }

  /** `[R, n]` of each id to `[R, n, d]`. */
  embed(ids) {
    return tf.concat(PARTS.map((part) => tf.gather(this.weight(`networks.0.items.${part}.weight`), ids[part])), 2);
  }

  /** u_k (3), `[R * C, K]`, and the gates, `[R * C, K, E]`. */
  rank({ sequences, candidates }) {
    const { experts, expert, utility } = this.config;
    const target = this.embed(candidates);
    const [rows, count] = target.shape;
    const items = rows * count;
    const x = sequences.map(({ mask, ...ids }, n) => {
      const unit = `networks.0.transformers.${n}`;
      const length = mask.shape[1];
      const positions = tf.slice(this.weight(`${unit}.positions`), [0, 0], [length, target.shape[2]]);
      const behaviours = tf.add(this.embed(ids), positions);
      const penalty = tf.reshape(tf.mul(tf.sub(1, mask), MASKED), [rows, 1, 1, length]);
      const encoded = this.block(`${unit}.encoder`, behaviours, behaviours, penalty);
      const interest = this.block(`${unit}.decoder`, target, encoded, penalty);
      return tf.mul(interest, tf.reshape(tf.max(mask, 1), [rows, 1, 1]));
    });
    const centred = tf.div(tf.sub(candidates.dense, this.weight("normaliser.mean")), this.weight("normaliser.deviation"));
    const read = tf.concat([...x, target, tf.clipByValue(centred, -FURTHEST, FURTHEST)], 2);
    const flat = tf.reshape(read, [items, read.shape[2]]);
    const outputs = Array.from({ length: experts }, (_, n) => tf.relu(this.perceptron(`networks.0.tasks.experts.${n}`, flat, expert.length)));
    const all = tf.stack(outputs, 1);
    const gates = [0, 1].map((task) => tf.softmax(this.perceptron(`networks.0.tasks.gates.${task}`, flat, 1)));
    const utilities = gates.map((gate, task) => {
      const mixed = tf.sum(tf.mul(tf.reshape(gate, [items, experts, 1]), all), 1);
      return this.perceptron(`networks.0.tasks.utilities.${task}`, mixed, utility.length + 1);
    });
    return { utilities: tf.concat(utilities, 1), gates: tf.stack(gates, 1) };
  }

  /** y_b (4), `[R * C, 1]`. */
  bias(places) {
    const { bias, bias_hidden } = this.config;
    const read = [
      [bias.position, "index"],
      [bias.page, "page"],
      [bias.neighbours, "types"],
    ];
    const features = read
      .filter(([reads]) => reads)
      .map(([, name]) => tf.reshape(tf.gather(this.weight(`bias.${name}.weight`), places[name]), [places.index.size, -1]));
    return this.perceptron("bias.mlp", tf.concat(features, 1), bias_hidden.length + 1);
  }

  /**
   * L (5), with y_b less its mean, and the loss that keeps all experts in use. `present` is `[R, C]`, `labels`
   * `[R, C, K]`.
   */
  loss(batch, { lambda, balance }) {
    const { utilities, gates } = this.rank(batch);
    const [items, tasks] = utilities.shape;
    const present = tf.reshape(batch.present, [items, 1]);
    const count = tf.sum(present);
    const bias = tf.mul(this.bias(batch.places), present);
    const logits = tf.add(utilities, tf.sub(bias, tf.mul(tf.div(tf.sum(bias), count), present)));
    const labels = tf.reshape(batch.labels, [items, tasks]);
    // -ln y and -ln (1 - y) by softplus: the gradient of TensorFlow.js's own logSigmoid reads what is gone by then.
    const losses = tf.add(tf.mul(tf.sub(1, labels), logits), tf.softplus(tf.neg(logits)));
    const entropy = tf.div(tf.sum(tf.mul(tf.mul(losses, tf.tensor1d(lambda)), present)), count);
    const importance = tf.div(tf.sum(tf.mul(gates, tf.reshape(present, [items, 1, 1])), 0), count);
    const imbalance = tf.sub(tf.mul(tf.sum(tf.square(importance)), this.config.experts), tasks);
    return tf.add(entropy, tf.mul(imbalance, balance));
  }
}

/** Nested lists, ids or not, as the tensors of a batch. */
export function tensors(of) {
  const named = ({ mask, dense, ...ids }) => ({
    ...Object.fromEntries(Object.entries(ids).map(([name, values]) => [name, tf.tensor(values, undefined, "int32")])),
    ...(mask && { mask: tf.tensor(mask, undefined, "float32") }),
    ...(dense && { dense: tf.tensor(dense, undefined, "float32") }),
  });
  return {
    sequences: of.sequences.map(named),
    candidates: named(of.candidates),
    places: named(of.places),
    labels: tf.tensor(of.labels, undefined, "float32"),
    present: tf.tensor(of.present, undefined, "float32"),
  };
}

/**
 * A batch of page views, of each how many clicks, carts, orders and impressions it has. Ids, features and
 * labels are drawn, for no time hangs on them.
 */
export function drawn(config, views, draw) {
  const { vocabulary, dense } = config;
  const rows = { product: "products", product_type: "product_types", brand: "brands", shop: "shops" };
  const below = (n) => Math.floor(draw() * n);
  const grid = (width, value) => views.map((view) => Array.from({ length: width }, (_, place) => value(view, place)));
  const ids = (width) => Object.fromEntries(PARTS.map((part) => [part, grid(width, () => below(vocabulary[rows[part]]))]));
  const longest = (n) => Math.max(1, ...views.map((view) => view[n]));
  const there = (n) => (view, place) => (place < view[n] ? 1 : 0);
  const count = longest(3);
  return {
    sequences: [0, 1, 2].map((n) => ({ ...ids(longest(n)), mask: grid(longest(n), there(n)) })),
    candidates: { ...ids(count), dense: grid(count, () => Array.from({ length: dense }, () => 2 * draw() - 1)) },
    places: {
      index: grid(count, () => below(400)),
      page: grid(count, () => below(100)),
      types: grid(count, () => Array.from({ length: 7 }, () => below(vocabulary.product_types + 1))),
    },
    labels: grid(count, () => [0.1, 0.02].map((rate) => (draw() < rate ? 1 : 0))),
    present: grid(count, there(3)),
  };
}
