// Which shops a device is offered, by what its browser says of its memory.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const LARGE = "?v=1&q=sofa&products=40000&backend=cpu";

/** Before a page's scripts: the browser says that the device has so many gigabytes; with null it says nothing. */
const HAS = (gigabytes) =>
  Object.defineProperty(Navigator.prototype, "deviceMemory", { configurable: true, get: () => gigabytes ?? undefined });

/** Less than a shop of 40,000 may take an eighth of, which is soon made. */
const TOO_LITTLE = 0.125;

const open = (gigabytes, link, use) =>
  withVitrine(stage, { link, prepare: ({ page }) => page.addInitScript(HAS, gigabytes) }, async (vitrine) => {
    await vitrine.ready();
    await use(vitrine);
  });

const sold = (vitrine) => vitrine.page.locator(".funnel li strong").first().innerText();
const shut = (vitrine) =>
  vitrine.get("products").locator("option").evaluateAll((all) => all.filter(({ disabled }) => disabled).map(({ value }) => value));
/** What the link asks for, once the address has followed. */
const asks = (vitrine, products) => vitrine.page.waitForFunction((products) => location.hash.includes(`products=${products}`), products);

describe("of a device", () => {
  test("with 2 GB nothing is asked that takes more than an eighth, and it is said why", async () => {
    await open(2, "?v=1&q=sofa&backend=cpu", async (vitrine) => {
      assert.deepEqual(await shut(vitrine), ["1000000"]);
      const why = await vitrine.get("sizes-held-back").innerText();
      for (const part of ["2 GB", "1,000,000", "520 MB"]) assert.ok(why.includes(part), why);
      assert.deepEqual(await vitrine.notices(), []);
      await vitrine.after(() => vitrine.set("products", "40000"));
      assert.equal(await sold(vitrine), "40,000");
      await vitrine.get("every-size").click();
      await vitrine.get("sizes-held-back").waitFor({ state: "detached" });
      assert.deepEqual(await shut(vitrine), []);
      assert.equal(await vitrine.get("every-size").count(), 0);
    });
  });

  test("whose browser does not say nothing is assumed", async () => {
    await open(null, LARGE, async (vitrine) => {
      assert.deepEqual(await shut(vitrine), []);
      assert.equal(await vitrine.get("sizes-held-back").count(), 0);
      assert.equal(await sold(vitrine), "40,000");
      assert.deepEqual(await vitrine.notices(), []);
    });
  });

  test("with too little a link keeps what it asks for, is told of it, and has all of it when that is wanted", async () => {
    await open(TOO_LITTLE, LARGE, async (vitrine) => {
      await vitrine.notice(/shop-held-back/);
      assert.equal(await sold(vitrine), "4,000");
      assert.deepEqual(await shut(vitrine), ["40000", "400000", "1000000"]);
      assert.equal(await vitrine.get("products").inputValue(), "40000");
      await asks(vitrine, 40_000);
      // What was read does not come back with the next ranking, and the link still says the same.
      await vitrine.closeNotices();
      await vitrine.search("tent");
      assert.equal(await sold(vitrine), "4,000");
      assert.deepEqual(await vitrine.notices(), []);
      await asks(vitrine, 40_000);

      await vitrine.after(() => vitrine.get("every-size").click());
      assert.equal(await sold(vitrine), "40,000");
      assert.deepEqual(await vitrine.notices(), []);
      await asks(vitrine, 40_000);
    });
  });

  test("with too little the engine of the panels is asked for no more either, until more is wanted", async () => {
    await open(TOO_LITTLE, `${LARGE}&panel=compare`, async (vitrine) => {
      const rows = vitrine.page.locator('[data-testid="column"][data-column="Now"] li');
      const listed = () => rows.evaluateAll((rows) => rows.map(({ dataset }) => Number(dataset.productId)));
      await rows.first().waitFor();
      assert.ok((await listed()).every((product) => product < 4000), `${await listed()}`);
      await vitrine.after(() => vitrine.get("every-size").dispatchEvent("click"));
      assert.equal(await sold(vitrine), "40,000");
      await vitrine.page.waitForFunction(() =>
        [...document.querySelectorAll('[data-testid="column"][data-column="Now"] li')].some(({ dataset }) => Number(dataset.productId) >= 4000),
      );
    });
  });
});
