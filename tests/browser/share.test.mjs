// A link shows somebody else the same.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

describe("a link", () => {
  test("gives the same ranking, to the score, in another profile", async () => {
    let link;
    let ranking;
    const context = { permissions: ["clipboard-read", "clipboard-write"] };
    await withVitrine(stage, { context }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.search("oak table");
      await vitrine.after(() => vitrine.get("product").nth(2).locator('[data-act="cart"]').click());
      await vitrine.after(() => vitrine.set("gate-temperature", 2));
      await vitrine.set("weight-order", 0.35);
      await vitrine.after(() => vitrine.set("weight-relevance", 0.25));
      await vitrine.get("share").click();
      await vitrine.page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("http"));
      link = await vitrine.page.evaluate(() => navigator.clipboard.readText());
      ranking = await vitrine.scores();
      assert.equal(link, vitrine.page.url(), "the address bar says the same");
    });
    assert.ok(link.startsWith(stage.server.url), link);
    assert.ok(link.length < 300, `a link of ${link.length} characters`);
    await withVitrine(stage, { link: link.slice(stage.server.url.length) }, async (vitrine) => {
      await vitrine.ready();
      assert.deepEqual(await vitrine.scores(), ranking);
      assert.equal(await vitrine.get("query").inputValue(), "oak table");
      assert.deepEqual(await vitrine.notices(), [], "nothing of the link was dropped");
    });
  });

  test("of the untouched page is the page's own address", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("share").click();
      assert.equal(vitrine.page.url(), stage.server.url);
    });
  });

  test("is what back and forward go through", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      const first = await vitrine.scores();
      await vitrine.search("lamp");
      await vitrine.page.waitForURL(/q=lamp/);
      const second = await vitrine.scores();
      await vitrine.after(() => vitrine.page.goBack());
      assert.deepEqual(await vitrine.scores(), first);
      await vitrine.after(() => vitrine.page.goForward());
      assert.deepEqual(await vitrine.scores(), second);
    });
  });
});
