// Pinned states side by side, and the ways back and forth between states.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);

const column = (vitrine, name) => vitrine.get("column").and(vitrine.page.locator(`[data-column="${name}"]`));
const products = (column) =>
  column.locator("li").evaluateAll((rows) => rows.map(({ dataset }) => Number(dataset.productId)));

test("a pin keeps its state while the shelf moves on, in the link too", () =>
  withVitrine(stage, { link: "?v=1&q=couch&panel=compare" }, async (vitrine) => {
    await vitrine.ready();
    const before = (await vitrine.ranking()).map(({ id }) => Number(id));
    await column(vitrine, "Now").locator("li").first().waitFor();
    await vitrine.get("pin").click();
    await column(vitrine, "A").locator("li").first().waitFor();
    await vitrine.set("ranker", "mlpr");
    // It predicts carts too.
    await vitrine.page.locator(".heading .key.cart").waitFor();
    await vitrine.rest();
    const after = (await vitrine.ranking()).map(({ id }) => Number(id));
    assert.notDeepEqual(after, before);
    // The best products may be the same.
    await vitrine.page.waitForFunction(
      (ids) => ids.every((id, at) => document.querySelectorAll('[data-column="Now"] li')[at]?.dataset.productId === String(id)),
      after.slice(0, 20),
    );
    assert.deepEqual((await products(column(vitrine, "A"))).slice(0, before.length), before.slice(0, 20));
    assert.deepEqual((await products(column(vitrine, "Now"))).slice(0, after.length), after.slice(0, 20));
    const both = after.slice(0, 10).filter((product) => before.slice(0, 10).includes(product)).length;
    const overlap = vitrine.page.locator('.figures [data-metric="overlap@10"]');
    assert.equal(await overlap.textContent(), (both / Math.min(10, after.length)).toFixed(2));
    assert.ok((await vitrine.page.locator(".lines path").count()) >= both);

    // The link brings all of it back, and the pin is a way back.
    await vitrine.page.waitForFunction(() => location.hash.includes("a=q:couch"));
    await vitrine.page.reload();
    await vitrine.ready();
    await column(vitrine, "A").locator("li").first().waitFor();
    await vitrine.get("go-there").click();
    await vitrine.rest();
    assert.deepEqual((await vitrine.ranking()).map(({ id }) => Number(id)), before);
  }));

test("the past stands left of the present, and a pin keeps its name when the present moves", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=compare&a=q:couch;w-click:0&b=q:sofa");
  // The present is answered first, and the first pin last.
  await column(vitrine, "A").locator("li").first().waitFor();
  const names = () => vitrine.get("column").evaluateAll((all) => all.map(({ dataset }) => dataset.column));
  assert.deepEqual(await names(), ["A", "B", "Now"]);
  const called = () => vitrine.page.locator(".columns .differs").allInnerTexts();
  const before = await called();
  assert.match(before[0], /^Query: couch · Click: 0/);
  await vitrine.set("weight-order", 0.2);
  await vitrine.rest();
  const after = await called();
  assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
  assert.notEqual(after[2], before[2]);
  // Each agrees in its own measure with the present.
  assert.equal(await vitrine.page.locator('.figures [data-metric="overlap@10"]').count(), 2);
});

test("four states are all there is room for, and each can be unpinned", async () => {
  const vitrine = await begin("?v=1&panel=compare&a=&b=gmv:on&c=tau:0.2&d=q:lamp");
  await column(vitrine, "D").locator("li").first().waitFor();
  assert.ok(await vitrine.get("pin").isDisabled());
  await vitrine.page.getByRole("button", { name: "Unpin B" }).click();
  await column(vitrine, "D").waitFor({ state: "detached" });
  await vitrine.page.waitForFunction(() => !location.hash.includes("gmv"));
  assert.ok(await vitrine.get("pin").isEnabled());
});

test("undo, redo and start again", () =>
  withVitrine(stage, { link: "?v=1&q=couch" }, async (vitrine) => {
    await vitrine.ready();
    assert.ok(await vitrine.get("undo").isDisabled());
    await vitrine.set("gate-temperature", 3);
    await vitrine.rest();
    await vitrine.page.waitForTimeout(1000);
    await vitrine.set("weight-click", 0.2);
    await vitrine.rest();
    await vitrine.get("undo").click();
    assert.equal(await vitrine.get("weight-click").inputValue(), "1");
    assert.equal(await vitrine.get("gate-temperature").inputValue(), "3");
    await vitrine.page.keyboard.press("Control+z");
    assert.equal(await vitrine.get("gate-temperature").inputValue(), "1");
    await vitrine.page.keyboard.press("Control+Shift+z");
    await vitrine.get("redo").click();
    assert.equal(await vitrine.get("weight-click").inputValue(), "0.2");
    await vitrine.get("restart").click();
    assert.equal(await vitrine.get("weight-click").inputValue(), "1");
    assert.equal(await vitrine.get("query").inputValue(), "couch");
    await vitrine.page.waitForFunction(() => location.hash === "#v=1&q=couch");
  }));

test("a pin that can't be read is said, and the rest opens", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=compare&a=tau:huge;q:sofa");
  await vitrine.notice(/Pin A/);
  await column(vitrine, "A").locator("li").first().waitFor();
  assert.equal(await vitrine.get("query").inputValue(), "couch");
});
