// The index in a tab comes to the bytes and the hits of the native one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { launch, test } from "./support/browser.mjs";
import { withIndex } from "./support/index-alone.mjs";

/** What the native test holds, too. */
const NATIVE = JSON.parse(readFileSync(new URL("../index.json", import.meta.url), "utf8"));

test("a tree that a tab builds, and what it finds, are those of the native index", async () => {
  const browser = await launch();
  try {
    await withIndex(browser, async (page) => {
      assert.equal(await page.evaluate(() => globalThis.index.fingerprint()), NATIVE);
    });
  } finally {
    await browser.close();
  }
});

test("shards in workers of their own find what one index finds, in its order", async () => {
  const browser = await launch();
  try {
    await withIndex(browser, async (page) => {
      const told = await page.evaluate(async () => {
        const { Bench, mixture } = globalThis.index;
        const { Shards } = await import("./shards.js");
        const [vectors, of] = [3_000, { dimension: 20, centres: 30, spread: 0.8 }];
        const drawn = (from, to) => mixture(of.dimension, of.centres, of.spread, from, to);
        const whole = new Bench(of.dimension, vectors);
        whole.push(0, drawn(0, vectors));
        whole.step();
        const told = [];
        for (const count of [1, 2, 5]) {
          const shards = await Shards.make(vectors, count, of);
          // Fewer than a shard has, more than a shard has, and all.
          for (const k of [10, 2_000, 4_000]) {
            const query = drawn(vectors + k, vectors + k + 1);
            told.push({ count, k, whole: [...whole.search(query, k, 0)], found: [...(await shards.search(query, k))] });
          }
          shards.end();
        }
        return told;
      });
      assert.equal(told.length, 9);
      for (const { count, k, whole, found } of told) {
        assert.equal(whole.length, Math.min(k, 3_000));
        assert.deepEqual(found, whole, `${count} shards, the best ${k}`);
      }
    });
  } finally {
    await browser.close();
  }
});
