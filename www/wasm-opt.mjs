// Runs binaryen over a program that is built, with the features that the programs use.

import { execFileSync } from "node:child_process";

const FEATURES = [
  "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types",
  "multivalue", "simd", "threads",
].map((feature) => `--enable-${feature}`);

/** What it prints. */
export const wasmOpt = (...passes) => execFileSync("node_modules/.bin/wasm-opt", [...FEATURES, ...passes], { maxBuffer: 1e8 });
