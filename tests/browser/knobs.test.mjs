// What can be turned changes what it should.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const open = (use, link) =>
  withVitrine(stage, { link }, async (vitrine) => {
    await vitrine.ready();
    await use(vitrine);
  });

describe("knobs", () => {
  for (const [testid, value] of [
    ["weight-order", 0],
    ["weight-click", 0],
    ["weight-relevance", 0],
    ["weight-exposure", 0],
    ["weight-retrieval-click", 0],
    ["weight-purchase", 0],
    ["gate-temperature", 5],
    ["bias-at-serving", true],
    ["candidates", 20],
  ]) {
    test(`${testid} changes the ranking, and its default brings it back`, async () => {
      // All thirty on one page, for a weight may change the last of them alone.
      await open(async (vitrine) => {
        const control = vitrine.get(testid).first();
        const initial = typeof value === "boolean" ? await control.isChecked() : await control.inputValue();
        const before = await vitrine.scores();
        await vitrine.set(testid, value);
        await vitrine.page.waitForFunction(
          (before) =>
            JSON.stringify(
              [...document.querySelectorAll('[data-testid="product"]')]
                .sort((a, b) => a.dataset.rank - b.dataset.rank)
                .map(({ dataset }) => `${dataset.productId} ${dataset.score}`),
            ) !== before,
          JSON.stringify(before),
        );
        await vitrine.rest();
        assert.notDeepEqual(await vitrine.scores(), before);
        await vitrine.set(testid, initial);
        await vitrine.page.waitForTimeout(500);
        await vitrine.rest();
        assert.deepEqual(await vitrine.scores(), before);
      }, "?v=1&size=40");
    });
  }

  test("the order's weight moves products", async () => {
    await open(async (vitrine) => {
      const before = await vitrine.order();
      await vitrine.set("weight-click", 0);
      await vitrine.page.waitForTimeout(500);
      await vitrine.rest();
      assert.notDeepEqual(await vitrine.order(), before);
    });
  });

  test("the gates' temperature changes which experts are used, and high makes them equal", async () => {
    await open(async (vitrine) => {
      const unevenness = (rows) => Math.max(...rows.flatMap((row) => row.map((value) => Math.abs(value - 1 / row.length))));
      const paper = await vitrine.utilisation();
      assert.equal(paper.length, 2, "a row for click and one for order");
      for (const row of paper) {
        assert.equal(row.length, 4, "four experts");
        assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-3, "a row sums to one");
      }
      await vitrine.after(() => vitrine.set("gate-temperature", 5));
      const hot = await vitrine.utilisation();
      assert.notDeepEqual(hot, paper);
      assert.ok(unevenness(hot) < unevenness(paper), "a higher temperature evens the gates out");
      await vitrine.after(() => vitrine.set("gate-temperature", 0.1));
      assert.ok(unevenness(await vitrine.utilisation()) > unevenness(paper), "a lower one sharpens them");
    });
  });

  test("the retrieval temperature changes how many products compete", async () => {
    await open(async (vitrine) => {
      const effective = async () => Number(await vitrine.get("effective-candidates").getAttribute("data-value"));
      const before = await effective();
      await vitrine.after(() => vitrine.set("temperature", 0.2));
      assert.ok((await effective()) > before);
    });
  });

  test("the variants of DMT each rank in their own way", async () => {
    await open(async (vitrine) => {
      const seen = new Set([JSON.stringify(await vitrine.scores())]);
      for (const variant of ["shared-bottom", "single-task"]) {
        await vitrine.after(() => vitrine.set("multi-task", variant));
        seen.add(JSON.stringify(await vitrine.scores()));
      }
      assert.equal(seen.size, 3);
    });
  });

  test("a slider that is dragged fast ends where it was let go", async () => {
    const values = [0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4];
    let settled;
    await open(async (vitrine) => {
      settled = await vitrine.scores();
    }, `?v=1&w-relevance=${values.at(-1)}`);
    await open(async (vitrine) => {
      await vitrine.after(async () => {
        for (const value of values) {
          await vitrine.set("weight-relevance", value);
        }
      });
      assert.deepEqual(await vitrine.scores(), settled);
    });
  });

  test("a chosen product is taken apart into what its score is made of", async () => {
    await open(async (vitrine) => {
      await vitrine.after(() => vitrine.get("look-inside").first().click());
      const parts = JSON.parse(await vitrine.get("score-breakdown").getAttribute("data-values"));
      const [first] = await vitrine.ranking();
      assert.ok(Math.abs(parts.score - Number(first.score)) < 1e-6, `${parts.score}, on the shelf ${first.score}`);
      const sigmoid = (u) => 1 / (1 + Math.exp(-u));
      const blend = (0.3 * sigmoid(parts.u_click) + 0.6 * sigmoid(parts.u_order)) / 0.9;
      assert.ok(Math.abs(blend - parts.score) < 1e-5, `equation 6 gives ${blend}, the page says ${parts.score}`);
      const attention = vitrine.get("attention");
      await attention.waitFor();
      assert.match(await attention.innerText(), /\d/);
    }, "?v=1&w-click=0.3&w-order=0.6");
  });
});
