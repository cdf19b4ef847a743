// What the bench calls a bar is what the README calls the aim.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FIRST_RANKING, PREPARED_SHELF, SIZES } from "./support/bars.mjs";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
/** A paragraph in one line. */
const paragraph = (begins) => README.split("\n\n").find((text) => text.startsWith(begins)).replace(/\s+/g, " ");

test("sizes", () => {
  // Each aim in the unit of the number before it.
  const aims = [...paragraph("What is fetched").matchAll(/([\d.,]+) (KB|MB)( in all)? \(aim ([\d.]+)\)/g)];
  const kilobytes = aims.map(([, , unit, , aim]) => Math.round(Number(aim) * (unit === "MB" ? 1000 : 1)));
  assert.deepEqual(kilobytes, Object.values(SIZES));
});

test("the time to a first ranking", () => {
  const [, gzip, brotli] = /aim on 10 Mbit\/s is ([\d.]+) s with gzip and ([\d.]+) s with brotli/.exec(paragraph("The first ranking"));
  assert.deepEqual({ gzip: 1000 * gzip, br: 1000 * brotli }, FIRST_RANKING);
});

test("the time to the prepared shelf", () => {
  const [, aim] = /aim on 10 Mbit\/s is ([\d.]+) s/.exec(paragraph("Before the engine"));
  assert.equal(1000 * aim, PREPARED_SHELF);
});
