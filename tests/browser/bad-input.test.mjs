// Queries and links that nobody should send: a notice, and everything else goes on.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);

describe("a query", () => {
  for (const [name, query] of [
    ["of nothing", ""],
    ["of 10,000 characters", "sofa ".repeat(2000)],
    ["of emoji", "🛋️🛋️🔥"],
    ["in another script", "диван 沙发 أريكة"],
    ["of HTML", '<img src=x onerror="window.injected = true"><b>sofa</b>'],
    ["of a script", "<script>window.injected = true</script>"],
    ["of control characters", "so\u0000fa \u202Esofa\u0007"],
  ]) {
    test(`${name} gives a notice, and the next one is answered`, async () => {
      const vitrine = await begin("?v=1&q=shoes");
      assert.deepEqual(await vitrine.notices(), []);
      await vitrine.get("query").fill(query);
      await vitrine.get("query").press("Enter");
      await vitrine.notice(/quer/);
      await vitrine.rest();
      assert.equal(await vitrine.engine(), "ready");
      assert.equal(await vitrine.page.evaluate(() => window.injected), undefined);
      assert.equal(await vitrine.page.locator("img[src=x]").count(), 0);
      await vitrine.search("lamp");
      assert.ok((await vitrine.ranking()).length >= 10);
    });
  }

  test("of 10,000 characters in a link opens too", async () => {
    await withVitrine(stage, { link: `?v=1&q=${"sofa+".repeat(2000)}` }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.notice(/quer/);
      assert.ok((await vitrine.ranking()).length >= 10);
    });
  });
});

describe("a link", () => {
  for (const [name, link, says] of [
    ["with an unknown key", "?v=1&colour=red&w-order=0.5", /colour/],
    ["with a number out of range", "?v=1&w-order=7", /order/],
    ["with a negative number", "?v=1&w-order=-1", /order/],
    ["with NaN", "?v=1&w-order=NaN", /order/],
    ["with infinity", "?v=1&tau=Infinity", /tau|temperature/],
    ["with words for a number", "?v=1&gate-temperature=hot", /gate/],
    ["of another version", "?v=99&w-order=0.5", /version/],
    ["with a version that is none", "?v=one", /version/],
    ["with a shopper that nobody knows", "?v=1&shopper=nobody", /shopper|nobody/],
    ["with a product that isn't sold", "?v=1&look=4000000000", /product/],
    ["with a product that is none", "?v=1&look=sofa", /product/],
    ["with a history of products that aren't sold", "?v=1&h=cart:4000000000", /product|history/],
    ["with a history that is none", "?v=1&h=,,:,cart,-", /history/],
    ["with a history entry that isn't there", "?v=1&h=-4000000000", /history|entry/],
    ["with escapes that are none", "?v=1&%zz=%E0%A4%A&w-order=%", /link/],
  ]) {
    test(`${name} opens as far as it can and says what it dropped`, async () => {
      const vitrine = await begin("?v=1&q=shoes");
      // What links say stays until it is read.
      await vitrine.closeNotices();
      assert.deepEqual(await vitrine.notices(), []);
      await vitrine.page.evaluate((link) => (location.hash = link), link.replace("?", "#"));
      await vitrine.notice(says);
      await vitrine.rest();
      assert.ok((await vitrine.ranking()).length >= 10);
    });
  }

  test("with several of these is opened by a page that loads, too", () =>
    withVitrine(stage, { link: "?v=99&colour=red&w-order=NaN&shopper=nobody&look=4000000000&%zz=%E0%A4%A" }, async (vitrine) => {
      await vitrine.ready();
      for (const says of [/version/, /colour/, /order/, /nobody/, /product/]) await vitrine.notice(says);
      assert.ok((await vitrine.ranking()).length >= 10);
    }));

  test("that is damaged keeps what is whole", async () => {
    const vitrine = await begin("?v=1&q=lamp&w-order=0.3");
    const whole = await vitrine.scores();
    await withVitrine(stage, { link: "?v=1&q=lamp&w-order=0.3&tau=cold&x=1&shopper=NOBODY" }, async (damaged) => {
      await damaged.ready();
      assert.deepEqual(await damaged.scores(), whole);
      assert.ok((await damaged.notices()).length >= 1);
    });
  });
});
