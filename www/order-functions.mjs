// Puts functions that are alike beside each other, which a line that compresses makes something of: a
// program comes with its functions in no order, and gzip looks no further back than 32 KB. It saves a
// seventeenth of the CPU engine.
//
//     node www/order-functions.mjs PROGRAM.wasm

import { readFileSync, writeFileSync } from "node:fs";

import { wasmOpt } from "./wasm-opt.mjs";

const [file] = process.argv.slice(2);
const bytes = readFileSync(file);
const [CUSTOM, IMPORTS, TYPES, BODIES] = [0, 2, 3, 10];

/** Reads unsigned numbers (LEB128) and the like from a place on. */
function reader(at) {
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  return { number, skip: (length) => (at += length), byte: () => bytes[at++], at: () => at };
}

function written(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

const vector = (content) => Buffer.concat([written(content.length), content]);

/** The sections: number, whole, and where the content begins. */
const sections = [];
for (let from = 8; from < bytes.length; ) {
  const at = reader(from + 1);
  const length = at.number();
  sections.push({ id: bytes[from], whole: bytes.subarray(from, at.at() + length), at: at.at() });
  from = at.at() + length;
}
const section = (wanted) => reader(sections.find(({ id }) => id === wanted).at);

/** How many functions are imported: they have the first numbers. */
let imported = 0;
const imports = section(IMPORTS);
for (let left = imports.number(); left > 0; left--) {
  for (const _ of ["module", "name"]) imports.skip(imports.number());
  if (imports.byte() !== 0) throw new Error(`${file} imports more than functions`);
  imports.number();
  imported += 1;
}

const types = section(TYPES);
const functions = Array.from({ length: types.number() }, (_, number) => ({ number, type: types.number() }));
const bodies = section(BODIES);
bodies.number();
for (const one of functions) {
  const length = bodies.number();
  one.body = bytes.subarray(bodies.at(), bodies.at() + length);
  bodies.skip(length);
}

/** What stands in more functions than this tells nothing of two of them. */
const COMMON = 256;

/** After each function the one that shares most with it: of their runs of four bytes, as sets. */
function ordered(all) {
  const holders = new Map();
  for (const one of all) {
    one.runs = new Set();
    for (let at = 0; at + 4 <= one.body.length; at++) one.runs.add(one.body.readUInt32LE(at));
    for (const run of one.runs) {
      if (!holders.has(run)) holders.set(run, []);
      holders.get(run).push(one);
    }
  }
  for (const one of all) one.runs = [...one.runs].map((run) => holders.get(run)).filter((of) => of.length > 1 && of.length <= COMMON);
  const left = new Set(all.toSorted((a, b) => a.type - b.type || a.body.length - b.body.length || Buffer.compare(a.body, b.body)));
  const order = [];
  const shared = new Map();
  let [next] = left;
  while (next) {
    order.push(next);
    left.delete(next);
    shared.clear();
    for (const of of next.runs) {
      for (const one of of) if (left.has(one)) shared.set(one, (shared.get(one) ?? 0) + 1);
    }
    let most = 0;
    const { length } = next.body;
    next = undefined;
    for (const [one, count] of shared) {
      const share = count / (length + one.body.length - count);
      if (share > most) [next, most] = [one, share];
    }
    if (!next) [next] = left;
  }
  return order;
}

// Binaryen sorts functions by their names: they are given such as say their place.
const names = Array.from({ length: imported }, (_, number) => [number, `${number}`]);
ordered(functions).forEach(({ number }, place) => names.push([imported + number, `f${String(place).padStart(7, "0")}`]));
names.sort(([a], [b]) => a - b);
const map = Buffer.concat([written(names.length), ...names.flatMap(([number, name]) => [written(number), vector(Buffer.from(name))])]);
const custom = vector(Buffer.concat([vector(Buffer.from("name")), Buffer.from([1]), vector(map)]));
const rest = sections.filter(({ id }) => id !== CUSTOM).map(({ whole }) => whole);
writeFileSync(file, Buffer.concat([bytes.subarray(0, 8), ...rest, Buffer.from([CUSTOM]), custom]));
wasmOpt("--reorder-functions-by-name", file, "-o", file);
