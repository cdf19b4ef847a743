// What the shopper does is what the models see next.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const entries = (vitrine) => vitrine.get("history").locator("[data-entry]");

describe("the history", () => {
  for (const act of ["click", "cart", "order"]) {
    test(`a ${act} on a product is added and changes the ranking`, async () => {
      await withVitrine(stage, {}, async (vitrine) => {
        await vitrine.ready();
        const before = await vitrine.scores();
        const length = await entries(vitrine).count();
        assert.ok(length > 0, "the shopper has a history");
        await vitrine.after(() => vitrine.get("product").nth(3).locator(`[data-act="${act}"]`).click());
        assert.equal(await entries(vitrine).count(), length + 1);
        assert.notDeepEqual(await vitrine.scores(), before);
      });
    });
  }

  test("an entry that is removed is gone for the models, and a reset brings all back", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      const before = await vitrine.scores();
      const length = await entries(vitrine).count();
      for (let i = 0; i < 3; i++) {
        await vitrine.after(() => entries(vitrine).first().getByRole("button").first().click());
      }
      assert.equal(await entries(vitrine).count(), length - 3);
      assert.notDeepEqual(await vitrine.scores(), before);
      await vitrine.after(() => vitrine.get("history-reset").click());
      assert.equal(await entries(vitrine).count(), length);
      assert.deepEqual(await vitrine.scores(), before);
    });
  });
});
