// The machine: both systems drawn part by part, with one product's real numbers in every part.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const LINK = "?v=1&backend=cpu&q=couch&panel=machine";
const part = (vitrine, system, key) => vitrine.get(`machine-${system}`).locator(`[data-part="${key}"]`);
const drawn = (vitrine) =>
  vitrine.page.waitForFunction(() => document.querySelector(".machine .part") && !document.querySelector(".machine.stale"));
const moved = (vitrine) =>
  vitrine.page.locator(".machine .part.moved").evaluateAll((all) => all.map(({ dataset }) => dataset.part));

test("every part of both systems is drawn, and opened shows its formula and the numbers of the score", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const [first] = await vitrine.ranking();
    assert.equal(await vitrine.get("machine-retriever").locator(".part").count(), 12);
    assert.equal(await vitrine.get("machine-ranker").locator(".part").count(), 14);
    // No box lies on another, and none is cut.
    const boxes = await vitrine.get("machine-ranker").locator(".part").evaluateAll((all) =>
      all.map((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return { left, right, top, bottom, cut: one.scrollHeight > one.clientHeight + 1 ? one.dataset.part : "" };
      }),
    );
    assert.deepEqual(boxes.map(({ cut }) => cut).filter(Boolean), []);
    for (const [n, a] of boxes.entries())
      for (const b of boxes.slice(n + 1))
        assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);

    await part(vitrine, "ranker", "gates").click();
    const opened = vitrine.get("machine-part");
    assert.match(await opened.innerText(), /wk = softmax/);
    const shares = await opened.locator(".vector").evaluateAll((all) =>
      all.map((vector) => [...vector.querySelectorAll("li small")].map((cell) => Number(cell.textContent.replace("−", "-")))),
    );
    assert.equal(shares.length, 2, "a gate a task");
    for (const of of shares) {
      assert.equal(of.length, 4);
      assert.ok(Math.abs(of.reduce((sum, one) => sum + one, 0) - 1) < 3e-3);
    }
    // By the keyboard, too.
    await part(vitrine, "retriever", "score").focus();
    await vitrine.page.keyboard.press("Enter");
    const score = Number(/z = (−?[\d.]+)/.exec(await opened.innerText())[1].replace("−", "-"));
    await vitrine.open(`?v=1&backend=cpu&q=couch&look=${first.id}`);
    const values = await vitrine.get("score-breakdown").getAttribute("data-values");
    assert.ok(Math.abs(score - JSON.parse(values).retrieval_score) < 1e-3);
  }));

test("a knob that is turned rings the parts that it moves, and no other", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    assert.deepEqual(await moved(vitrine), []);
    const [first] = await vitrine.ranking();
    await vitrine.open(`${LINK}&look=${first.id}`);
    await drawn(vitrine);
    await vitrine.after(() => vitrine.set("gate-temperature", 5));
    await vitrine.page.locator(".machine .part.moved").first().waitFor();
    assert.deepEqual((await moved(vitrine)).sort(), ["chance", "gates", "mixture", "utility"]);
    assert.match(await vitrine.get("machine-status").textContent(), /^4 parts moved since the last state, most of all: /);
  }));

test("on a narrow page the parts are a list, from what comes in to what comes out", () =>
  withVitrine(stage, { link: LINK, context: { viewport: { width: 390, height: 800 } } }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const tops = await vitrine.get("machine-retriever").locator(".part").evaluateAll((all) =>
      all.map((one) => one.getBoundingClientRect()).map(({ top, left, right }) => ({ top, left, right })),
    );
    for (const [n, box] of tops.entries()) {
      assert.ok(box.left >= 0 && box.right <= 390);
      if (n > 0) assert.ok(box.top > tops[n - 1].top);
    }
  }));
