// Words that no title has still find what is meant.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

describe("search", () => {
  for (const [query, meant] of [
    ["couch", /sofa|sectional|loveseat|settee/i],
    ["cofee maker", /coffee|espresso/i],
    ["running shoes", /running|trainer|sneaker|shoe/i],
  ]) {
    test(`"${query}" finds what is meant`, async () => {
      await withVitrine(stage, { link: `?v=1&q=lamp` }, async (vitrine) => {
        await vitrine.ready();
        const lamps = await vitrine.order();
        await vitrine.search(query);
        const found = (await vitrine.ranking()).slice(0, 10);
        assert.notDeepEqual(found.map(({ id }) => id), lamps.slice(0, 10));
        const right = found.filter(({ text }) => meant.test(text));
        assert.ok(right.length >= 8, `${right.length} of ten: ${found.map(({ text }) => text.split("\n")[0]).join("; ")}`);
      });
    });
  }

  test("no title says couch", async () => {
    await withVitrine(stage, { link: "?v=1&q=couch&size=60" }, async (vitrine) => {
      await vitrine.ready();
      assert.deepEqual((await vitrine.ranking()).filter(({ text }) => /couch/i.test(text)), []);
    });
  });

  test("suggests queries of the shop, and takes the one that is picked", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("query").fill("so");
      const option = vitrine.page.getByRole("option").first();
      const text = (await option.innerText()).trim();
      await vitrine.after(async () => {
        await vitrine.get("query").press("ArrowDown");
        await vitrine.get("query").press("Enter");
      });
      assert.equal(await vitrine.get("query").inputValue(), text);
    });
  });
});
