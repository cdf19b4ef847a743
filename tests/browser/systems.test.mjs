// The two retrievers and the two rankers, chosen in the page.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { usePage } from "./support/vitrine.mjs";

const stage = useStage();

const begin = usePage(stage);
const open = async (link, use) => use(await begin(link));

/** Chooses a ranker and waits until it has ranked: its gates fill so many figures. */
async function choose(vitrine, ranker, figures) {
  await vitrine.after(() => vitrine.set("ranker", ranker));
  await vitrine.page.waitForFunction((n) => document.querySelectorAll(".utilisation figure").length === n, figures);
  await vitrine.rest();
}

const FEED = "?v=1&surface=feed&retriever=yandex&shopper=mina";

describe("MLPR", () => {
  test("chosen, it ranks by three tasks, shows both of its stages, and goes back without a trace", async () => {
    await open("", async (vitrine) => {
      const before = await vitrine.scores();
      assert.equal(await vitrine.get("weight-cart").count(), 0, "DMT predicts no cart");
      // Click, cart and order in each of two stages.
      await choose(vitrine, "mlpr", 6);
      assert.notDeepEqual(await vitrine.scores(), before);
      const gates = await vitrine.utilisation();
      assert.equal(gates.length, 3, "a row for click, cart and order");
      assert.equal(await vitrine.get("bias-position").count(), 0, "it has no bias network");
      assert.deepEqual(await vitrine.notices(), []);
      await choose(vitrine, "dmt", 2);
      assert.deepEqual(await vitrine.scores(), before);
    });
  });

  for (const [testid, value] of [
    ["weight-cart", 0],
    ["weight-order", 0],
    ["gate-temperature", 5],
  ]) {
    test(`${testid} changes its ranking`, async () => {
      await open("?v=1&ranker=mlpr", async (vitrine) => {
        const before = await vitrine.scores();
        await vitrine.after(() => vitrine.set(testid, value));
        assert.notDeepEqual(await vitrine.scores(), before);
      });
    });
  }

  test("a product's steps multiply from click to cart to order", async () => {
    await open("?v=1&ranker=mlpr", async (vitrine) => {
      await vitrine.after(() => vitrine.get("look-inside").first().click());
      const rows = await vitrine.get("chain").locator("tbody tr").allInnerTexts();
      assert.equal(rows.length, 3);
      const values = JSON.parse(await vitrine.get("score-breakdown").getAttribute("data-values"));
      assert.ok(values.u_order < values.u_cart && values.u_cart < values.u_click, JSON.stringify(values));
      assert.equal(await vitrine.get("attention").count(), 0, "it reads no history");
    });
  });

  test("vectors on the spot rank as those made before", async () => {
    await open("?v=1&ranker=mlpr", async (vitrine) => {
      const before = await vitrine.order();
      await vitrine.after(() => vitrine.set("precomputed", false));
      assert.deepEqual(await vitrine.order(), before);
    });
  });
});

describe("BM25", () => {
  test("chosen, it retrieves by the words that are typed, and the way back leaves no trace", async () => {
    await open("?v=1&q=running+shoes&ranker=none", async (vitrine) => {
      const before = await vitrine.scores();
      await vitrine.after(() => vitrine.set("retriever", "bm25"));
      const order = await vitrine.ranking();
      assert.ok(order.length > 10, `${order.length} products`);
      assert.notDeepEqual(await vitrine.scores(), before);
      const scores = order.map(({ score }) => Number(score));
      assert.ok(scores[0] > 0, "words are shared");
      assert.match(await vitrine.get("product").first().innerText(), /shoe|running/i);
      assert.deepEqual(await vitrine.notices(), []);
      await vitrine.after(() => vitrine.set("retriever", "moppr"));
      assert.deepEqual(await vitrine.scores(), before);
    });
  });
});

describe("without a ranker", () => {
  test("products stand as they were retrieved, nothing is left to blend, and the way back leaves no trace", async () => {
    await open("?v=1&size=40", async (vitrine) => {
      const before = await vitrine.scores();
      const stands = async () => {
        const cards = await vitrine.page.locator('[data-testid="product"]').evaluateAll((all) =>
          all
            .sort((a, b) => a.dataset.rank - b.dataset.rank)
            .map((card) => card.querySelector('[data-testid="retrieved"]').textContent),
        );
        return cards.map((text) => Number(text.match(/\d+/)[0]));
      };
      const retrieved = (cards) => [...cards].sort((a, b) => a - b);
      const ranked = await stands();
      assert.notDeepEqual(ranked, retrieved(ranked), "the ranker puts them in another order");
      await choose(vitrine, "none", 0);
      const alone = await stands();
      assert.deepEqual(alone, retrieved(ranked));
      for (const testid of ["weight-click", "weight-order", "blend", "gate-temperature", "multi-task", "blend-formula"]) {
        assert.equal(await vitrine.get(testid).count(), 0, `${testid} is put away`);
      }
      assert.ok(await vitrine.get("no-ranker").isVisible(), "and it is said why");
      assert.match(await vitrine.page.title(), /MOPPR alone/);
      assert.match(await vitrine.page.locator(".shelf-area .legend").innerText(), /retrieval/);
      assert.match(await vitrine.page.locator(".funnel").innerText(), /retrieved, not ranked/);
      assert.match(await vitrine.page.url(), /ranker=none/);
      const bars = await vitrine.page.locator(".card .score i").evaluateAll((all) => all.map((bar) => bar.className));
      assert.ok(bars.length === alone.length && bars.every((name) => name === "retrieval"), bars.join());
      assert.deepEqual(await vitrine.notices(), []);
      await choose(vitrine, "dmt", 2);
      assert.deepEqual(await vitrine.scores(), before);
    });
  });

  test("an objective's weight moves them, with either retriever, coarse ranker or page", async () => {
    await open("?v=1&ranker=none", async (vitrine) => {
      const before = await vitrine.order();
      await vitrine.after(() => vitrine.set("weight-purchase", 0));
      assert.notDeepEqual(await vitrine.order(), before);
      await vitrine.after(() => vitrine.set("coarse-ranker", true));
      assert.match(await vitrine.page.locator(".funnel").innerText(), /20\s+passed the coarse ranker/);
      await vitrine.after(() => vitrine.set("retriever", "yandex"));
      assert.match(await vitrine.page.title(), /YANDEX alone/);
      assert.deepEqual(await vitrine.notices(), []);
    });
  });

  test("a chosen product shows retrieval's score, and the studio what there is", async () => {
    await open("?v=1&ranker=none", async (vitrine) => {
      await vitrine.after(() => vitrine.get("look-inside").nth(2).click());
      const breakdown = vitrine.get("score-breakdown");
      const values = JSON.parse(await breakdown.getAttribute("data-values"));
      assert.equal(values.score, values.retrieval_score);
      assert.match(await breakdown.innerText(), /place 3/);
      assert.equal(await breakdown.locator("table").count(), 0, "there is no task to show");
    });
  });
});

describe("Yandex's two towers", () => {
  test("retrieve the feed, and say what they read", async () => {
    await open(FEED, async (vitrine) => {
      assert.ok((await vitrine.ranking()).length > 0);
      assert.ok((await vitrine.get("searches").locator("li").count()) > 0, "Mina searched on the web");
      assert.match(await vitrine.get("towers-surface").innerText(), /\d/);
      assert.equal(await vitrine.get("weight-relevance").count(), 0, "MOPPR's knobs are put away");
      assert.deepEqual(await vitrine.notices(), []);
    });
  });

  for (const [testid, value] of [
    ["training-stage", "pre-trained"],
    ["history-length", 3],
    ["web-searches", false],
    ["temperature", 0.2],
  ]) {
    test(`${testid} changes what they do`, async () => {
      await open(FEED, async (vitrine) => {
        const seen = async () => [
          await vitrine.order(),
          await vitrine.get("towers").innerText(),
          await vitrine.get("effective-candidates").getAttribute("data-value"),
        ];
        const before = await seen();
        await vitrine.after(() => vitrine.set(testid, value));
        assert.notDeepEqual(await seen(), before);
      });
    });
  }

  test("a query is one more web search", async () => {
    await open("?v=1&retriever=yandex&shopper=mina&q=shoes", async (vitrine) => {
      assert.ok((await vitrine.ranking()).length > 0);
      assert.match(await vitrine.get("searches").locator("li").first().innerText(), /shoes/);
    });
  });

  test("the device's scalar is shown for the device", async () => {
    await open(FEED, async (vitrine) => {
      const scalar = () => vitrine.get("towers-device").innerText();
      const desktop = await scalar();
      await vitrine.after(() => vitrine.set("device", "phone"));
      assert.notEqual(await scalar(), desktop);
    });
  });
});

describe("the cascade", () => {
  test("cuts what was retrieved before it is ranked", async () => {
    await open("?v=1&candidates=100", async (vitrine) => {
      const before = await vitrine.order();
      await vitrine.after(() => vitrine.set("coarse-ranker", true));
      assert.notDeepEqual(await vitrine.order(), before);
      assert.match(await vitrine.page.locator(".funnel").innerText(), /20\s+coarse-ranked/);
      await vitrine.after(() => vitrine.set("coarse-ranker", false));
      assert.deepEqual(await vitrine.order(), before);
    });
  });
});

describe("a system that cannot be had", () => {
  const begin = usePage(stage, { allow: [/./] });
  for (const [file, testid, value] of [
    ["mlpr.safetensors", "ranker", "mlpr"],
    ["yandex.safetensors", "retriever", "yandex"],
  ]) {
    test(`${file} is missing: that is said, and the last pair goes on`, async () => {
      stage.server.faults.set(`assets/${file}`, { status: 404 });
      const vitrine = await begin("");
      const before = await vitrine.scores();
      await vitrine.after(() => vitrine.set(testid, value));
      await vitrine.notice(new RegExp(`${file.replace(".", "\\.")}.*stays in use`));
      assert.deepEqual(await vitrine.scores(), before);
      stage.server.faults.clear();
      await vitrine.after(() => vitrine.set("candidates", 40));
      assert.deepEqual(await vitrine.notices(), [], "asked for again, it is had");
    });
  }
});
