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
