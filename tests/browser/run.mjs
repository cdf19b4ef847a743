// Runs all files of tests but the software GPU's, which takes every core there is: two at a time, or as many as
// LANES says, and the longest first, so that none is left to run alone in the end. `node --test` goes by their names.
//
//     node tests/browser/run.mjs [what the names of tests are to match]

import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/**
 * Those that take minutes, longest first, but for what waits beside what computes; the others by their length.
 */
const LONGEST = "memory offline random-walk faults learned share look languages knobs input learn menus".split(" ");

const folder = new URL("./", import.meta.url);
const rank = (name) => {
  const at = LONGEST.indexOf(name.replace(".test.mjs", ""));
  return at < 0 ? LONGEST.length : at;
};
const size = (name) => statSync(new URL(name, folder)).size;
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs") && name !== "webgpu.test.mjs")
  .sort((a, b) => rank(a) - rank(b) || size(b) - size(a))
  .map((name) => fileURLToPath(new URL(name, folder)));

const patterns = process.argv.slice(2);
run({ files, concurrency: Number(process.env.LANES ?? 2), ...(patterns.length ? { testNamePatterns: patterns } : {}) })
  .on("test:fail", () => (process.exitCode = 1))
  .compose(new spec())
  .pipe(process.stdout);
