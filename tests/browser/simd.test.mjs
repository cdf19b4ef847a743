// What matrices are multiplied with. Without the SIMD of Burn's CPU backend everything is as right as with it,
// and products take four times as long: nothing else would notice.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { test } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";

/** The instruction f32x4.mul. */
const MULTIPLY = Buffer.from([0xfd, 0xe6, 0x01]);

/** How often a program has these bytes. */
function count(program, bytes) {
  let found = 0;
  for (let at = program.indexOf(bytes); at >= 0; at = program.indexOf(bytes, at + bytes.length)) found++;
  return found;
}

test("CPU engine and trainer multiply four numbers at a time", async () => {
  for (const name of ["engine-cpu_bg.wasm", "trainer_bg.wasm"]) {
    const found = count(await readFile(join(DIST, name)), MULTIPLY);
    // By chance three bytes are these in one program of seven of this size.
    assert.ok(found >= 50, `${name} has ${found} such instructions`);
  }
});
