// What the shopper does is what the models see next.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);
const KINDS = ["click", "favourite", "cart", "order"];

const entries = (vitrine) => vitrine.get("history").locator("[data-entry]");

describe("the history", () => {
  for (const act of KINDS) {
    test(`a ${act} on a product is added and changes the ranking`, async () => {
      const vitrine = await begin("?v=1");
      const before = await vitrine.scores();
      const length = await entries(vitrine).count();
      assert.ok(length > 0, "the shopper has a history");
      await vitrine.after(() => vitrine.get("product").nth(3).locator(`[data-act="${act}"]`).click());
      assert.equal(await entries(vitrine).count(), length + 1);
      assert.notDeepEqual(await vitrine.scores(), before);
    });
  }

  test("everything is forgotten at once: said, in the link, added to, and undone", async () => {
    await withVitrine(stage, { link: "?v=1&shopper=mina" }, async (vitrine) => {
      await vitrine.ready();
      const before = await vitrine.scores();
      await vitrine.after(() => vitrine.get("forget-all").click());
      assert.equal(await entries(vitrine).count(), 0);
      assert.match(await vitrine.get("history-empty").innerText(), /empty/);
      assert.match(await vitrine.page.evaluate(() => location.href), /h=forget(&|$)/);
      assert.ok(await vitrine.get("forget-all").isDisabled(), "there is nothing left to forget");
      assert.notDeepEqual(await vitrine.scores(), before);
      // What follows fast is one step with what was done before.
      await vitrine.page.waitForTimeout(1000);
      await vitrine.after(() => vitrine.get("product").nth(3).locator('[data-act="cart"]').click());
      assert.equal(await entries(vitrine).count(), 1, "what is done later stays");
      await vitrine.after(() => vitrine.get("undo").click());
      await vitrine.after(() => vitrine.get("undo").click());
      assert.deepEqual(await vitrine.scores(), before);
      assert.deepEqual(await vitrine.notices(), []);
    });
  });

  test("one kind of behaviour is forgotten", async () => {
    const vitrine = await begin("?v=1");
    const orders = entries(vitrine).locator('use[href$="ui-bag"]');
    const others = (await entries(vitrine).count()) - (await orders.count());
    assert.match(await vitrine.get("forget-order").getAttribute("aria-label"), /all \d+ orders/);
    await vitrine.after(() => vitrine.get("forget-order").click());
    assert.equal(await orders.count(), 0);
    assert.ok((await entries(vitrine).count()) >= others);
    assert.ok(await vitrine.get("forget-order").isDisabled());
    await vitrine.page.waitForFunction(() => /h=forget:order/.test(location.href));
  });

  for (const kind of KINDS) {
    test(`with as many edits as there may be each ${kind} can be forgotten`, async () => {
      // Fifty of each kind, what is the shopper's own aside.
      const full = `?v=1&h=${KINDS.map((kind) => `${kind}:11,`.repeat(50)).join("")}`;
      const vitrine = await begin(full);
      const counts = async () => {
        const labels = KINDS.map((kind) => vitrine.get(`forget-${kind}`).getAttribute("aria-label"));
        return (await Promise.all(labels)).map((label) => Number(label.match(/\d+/)?.[0]));
      };
      const before = await counts();
      assert.ok(before.every((count) => count >= 50), `${before}`);
      if (kind === KINDS[0]) {
        // No more can be done one by one.
        await vitrine.get("product").nth(3).locator('[data-act="cart"]').click();
        await vitrine.notice(/history-full/);
        assert.deepEqual(await counts(), before);
        await vitrine.page.locator('[data-testid="notice"][data-key="history-full"] button').first().click();
      }

      await vitrine.after(() => vitrine.get(`forget-${kind}`).click());
      const of = KINDS.indexOf(kind);
      const left = before.map((count, n) => (n === of ? 0 : count));
      assert.deepEqual(await counts(), left);
      assert.ok(await vitrine.get(`forget-${kind}`).isDisabled());
      assert.deepEqual(await vitrine.notices(), []);
      const link = await vitrine.page.evaluate(() => location.hash);
      assert.ok(link.includes(`forget:${kind}`) && !link.includes(`${kind}:11`), link);
      if (kind !== KINDS[0]) return;
      // There is room again, and the link opens as it is.
      await vitrine.after(() => vitrine.get("product").nth(3).locator('[data-act="cart"]').click());
      assert.equal((await counts())[2], left[2] + 1);
      await vitrine.page.reload();
      await vitrine.ready();
      assert.equal((await counts())[2], left[2] + 1);
      assert.deepEqual(await vitrine.notices(), []);
    });
  }

  test("what was never edited can be forgotten in a full history", async () => {
    await withVitrine(stage, { link: `?v=1&shopper=mina&h=${"cart:11,".repeat(200)}` }, async (vitrine) => {
      await vitrine.ready();
      for (const kind of ["order", "click"]) {
        await vitrine.after(() => vitrine.get(`forget-${kind}`).click());
        assert.ok(await vitrine.get(`forget-${kind}`).isDisabled(), kind);
      }
      assert.deepEqual(await vitrine.notices(), []);
      await vitrine.page.reload();
      await vitrine.ready();
      assert.deepEqual(await vitrine.notices(), []);
      assert.ok(await vitrine.get("forget-order").isDisabled());
    });
  });

  test("an entry that a link takes out twice is said", async () => {
    const vitrine = await begin("?v=1&h=-0,-0,-0");
    await vitrine.notice(/^gone-entry 2 of the edits/);
    const said = await vitrine.notices();
    assert.deepEqual(said.map(({ key }) => key), ["gone-entry"]);
  });

  test("that MLPR ranks alike for everyone is said, and only of MLPR", async () => {
    const vitrine = await begin("?v=1");
    assert.equal(await vitrine.get("impersonal").count(), 0);
    await vitrine.after(() => vitrine.set("ranker", "mlpr"));
    assert.match(await vitrine.get("impersonal").innerText(), /alike for everyone/);
  });

  test("how long ago something was is the same wherever it is told", async () => {
    const vitrine = await begin("?v=1&q=dining+chair&shopper=mara&panel=explain");
    await vitrine.get("explain-first").click();
    const table = vitrine.get("retriever-attention");
    await table.locator("tr").first().waitFor();
    // The newest: of a long history the page draws no more at first.
    const told = await table.locator("table").first().locator("th").allInnerTexts();
    const shown = await entries(vitrine).evaluateAll((all) => all.map(({ title }) => title));
    const ago = (said) => said.trim().split(" · ")[0];
    const known = new Set(shown.map(ago));
    const title = (said) => said.slice(0, said.lastIndexOf(","));
    const titles = new Set([...known].map(title));
    const both = told.map(ago).filter((said) => titles.has(title(said)));
    assert.ok(both.length > 0, "something stands in both");
    both.forEach((said) => assert.ok(known.has(said), `${said} is not what the history says`));
  });

  test("a click on a card looks at the product and changes nothing else", async () => {
    const vitrine = await begin("?v=1");
    const before = await vitrine.order();
    const length = await entries(vitrine).count();
    const card = vitrine.get("product").nth(3);
    await vitrine.after(() => card.locator(".picture").click());
    assert.equal(await vitrine.get("score-breakdown").count(), 1);
    assert.equal(await card.locator(".face").getAttribute("aria-pressed"), "true");
    assert.equal(await entries(vitrine).count(), length);
    assert.deepEqual(await vitrine.order(), before);
  });

  test("an entry that is removed is gone for the models, and a reset brings all back", async () => {
    const vitrine = await begin("?v=1");
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
