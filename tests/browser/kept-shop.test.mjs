// What a larger shop takes long to make is kept for the next visit.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "node:test";

import { KEPT_SOON, test, useStage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const LINK = "?v=1&q=sofa&products=40000&backend=cpu";
/** Newcomers without the first thousand, which each visit makes for itself. */
const ALL = 35_000;

/** What they are kept in. */
const FILES = ["shop-products", "shop-vectors-moppr-cpu"];

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

/** Names of the files that there are. */
const NAMES = async () => {
  const names = [];
  for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
  return names.sort();
};

/** Changes a byte of what each file whose name begins like this is said to be of. */
const DAMAGE = async (begins) => {
  const names = [];
  const folder = await navigator.storage.getDirectory();
  for await (const [name, handle] of folder.entries()) {
    if (!name.startsWith(begins)) continue;
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

/** Waits until there are files of these names and no others. */
async function holds(vitrine, names) {
  for (let looks = 0; looks < 200; looks++) {
    const found = await vitrine.page.evaluate(NAMES);
    if (found.join() === names.join()) return;
    await vitrine.page.waitForTimeout(100);
  }
  assert.deepEqual(await vitrine.page.evaluate(NAMES), names);
}

/** Chooses what is kept on this device. */
async function keep(vitrine, wish) {
  await vitrine.get("backend").locator("summary").click();
  await vitrine.set("keep", wish);
}

async function prepare({ page }) {
  await page.addInitScript(KEPT_SOON);
  await page.addInitScript(LISTEN);
}

const open = (use, link = LINK) => withVitrine(stage, { link, prepare }, use);

describe("a larger shop", () => {
  test("is there at the next visit, to the same shelf, and made anew where its files are damaged", async () => {
    await open(async (vitrine) => {
      const first = await visited(vitrine);
      assert.deepEqual({ taken: first.taken, notices: first.notices }, { taken: [0, 0], notices: [] });
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), { ...first, taken: [ALL, ALL] });
      assert.deepEqual(await vitrine.page.evaluate(DAMAGE, ""), FILES);
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), first);
    });
  });

  test("has its tree at the next visit, too, and builds it anew where its file is damaged", async () => {
    const taken = (vitrine) => vitrine.page.evaluate(() => window.growing.tree.taken);
    await open(async (vitrine) => {
      const first = await visited(vitrine);
      assert.equal(await taken(vitrine), 0);
      await vitrine.page.reload();
      const again = await visited(vitrine);
      assert.deepEqual(again, { ...first, taken: [ALL, ALL] });
      assert.equal(await taken(vitrine), 40_000);
      assert.deepEqual(await vitrine.page.evaluate(DAMAGE, "shop-tree"), ["shop-tree-moppr-cpu"]);
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), again);
      assert.equal(await taken(vitrine), 0);
    }, `${LINK}&index=tree&beam=16`);
  });

  test("is not kept where nothing is to be, and what was kept goes", async () => {
    await open(async (vitrine) => {
      const first = await visited(vitrine);
      await holds(vitrine, FILES);
      await keep(vitrine, "nothing");
      await holds(vitrine, ["keep-nothing"]);
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), first);
      assert.deepEqual(await vitrine.page.evaluate(NAMES), ["keep-nothing"]);
      // From the next visit on it is kept again.
      await keep(vitrine, "used");
      await holds(vitrine, []);
      await vitrine.page.reload();
      assert.deepEqual(await visited(vitrine), first);
      await holds(vitrine, FILES);
    });
  });

  test("is no longer kept, nor is what there is of it, where that is wished while it is made", async () => {
    await open(async (vitrine) => {
      await vitrine.page.waitForFunction(() => window.growing.vectors?.made > 10_000);
      assert.deepEqual(await vitrine.page.evaluate(NAMES), FILES);
      // The switch may not be there yet; this is what it says.
      await vitrine.page.evaluate(() => document.dispatchEvent(new CustomEvent("vitrine-keep", { detail: "nothing" })));
      const { notices } = await visited(vitrine);
      assert.deepEqual(notices, []);
      await holds(vitrine, ["keep-nothing"]);
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
