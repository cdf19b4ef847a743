// What a larger shop takes long to make is kept for the next visit.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const LINK = "?v=1&q=sofa&products=40000&backend=cpu";
/** Newcomers without the first thousand, which each visit makes for itself. */
const ALL = 35_000;

/** Before a page's scripts: what an engine told last of how far a shop is, by what is being made. */
const LISTEN = () => {
  const { Worker } = window;
  window.growing = {};
  window.Worker = class extends Worker {
    constructor(...from) {
      super(...from);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string" || !data.startsWith('{"growing"')) return;
        const { growing } = JSON.parse(data);
        window.growing[growing.what] = growing;
      });
    }
  };
};

/** Changes a byte of what each file is said to be of. */
const DAMAGE = async () => {
  const names = [];
  const folder = await navigator.storage.getDirectory();
  for await (const [name, handle] of folder.entries()) {
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    bytes[10] ^= 1;
    const file = await handle.createWritable();
    await file.write(bytes);
    await file.close();
    names.push(name);
  }
  return names.sort();
};

/** Waits for the shop, and tells how many products and vectors an earlier visit had kept. */
async function visited(vitrine) {
  await vitrine.ready();
  assert.equal(await vitrine.page.locator(".funnel li strong").first().innerText(), "40,000");
  const taken = await vitrine.page.evaluate(() => [window.growing.products, window.growing.vectors].map(({ taken }) => taken));
  return { taken, scores: await vitrine.scores(), notices: await vitrine.notices() };
}

const open = (use) => withVitrine(stage, { link: LINK, prepare: ({ page }) => page.addInitScript(LISTEN) }, use);

describe("a larger shop", () => {
  test("is there at the next visit, to the same shelf, and made anew where its files are damaged", async () => {
    await open(async (vitrine) => {
      const first = await visited(vitrine);
      assert.deepEqual({ taken: first.taken, notices: first.notices }, { taken: [0, 0], notices: [] });
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), { ...first, taken: [ALL, ALL] });
      assert.deepEqual(await vitrine.page.evaluate(DAMAGE), ["shop-products", "shop-vectors-moppr-cpu"]);
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), first);
    });
  });

  test("works from memory where nothing can be kept, and says so", async () => {
    const loader = await readFile(join(DIST, "engine-cpu-loader.js"), "utf8");
    const refuse = `Object.defineProperty(navigator, "storage", { value: undefined });`;
    stage.server.faults.set("engine-cpu-loader.js", { body: `${refuse}\n${loader}` });
    await open(async (vitrine) => {
      const { taken, scores, notices } = await visited(vitrine);
      assert.deepEqual({ taken, notices: notices.map(({ key }) => key) }, { taken: [0, 0], notices: ["shop-not-kept"] });
      assert.ok(scores.length > 0);
      await vitrine.search("couch");
      assert.deepEqual(await vitrine.notices(), [], "it is said once");
    });
  });
});
