// Someone opens the address.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { arrivals, watchArrivals } from "./support/arrivals.mjs";
import { FIRST_RANKING, PREPARED_SHELF } from "./support/bars.mjs";
import { test, useStage } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** What must hold of every shelf. */
function checkShelf(ranking) {
  assert.ok(ranking.length >= 10, `only ${ranking.length} products`);
  const page = ranking[0].rank - 1;
  ranking.forEach(({ id, rank, score, text }, i) => {
    assert.match(id, /^\d+$/);
    assert.equal(rank, page + i + 1);
    assert.ok(Number.isFinite(Number(score)) && score !== "", `score ${score}`);
    assert.ok(i === 0 || Number(score) <= Number(ranking[i - 1].score), "scores fall");
    assert.match(text, /\p{L}{3}/u, "has a title");
    assert.match(text, /\d[.,]\d\d/, "has a price");
  });
  assert.equal(new Set(ranking.map(({ id }) => id)).size, ranking.length, "no product twice");
}

/** Notes whether the bar of what arrives was ever on show: it goes with the ranking. Before the page is opened. */
const noteProgress = ({ page }) =>
  page.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector('[data-testid="progress"]')) return;
      window.progressed = true;
      watch.disconnect();
    });
    watch.observe(document, { subtree: true, childList: true });
  });

describe("the first ranking", () => {
  test("comes under another path", async () => {
    const below = await Server.start({ base: "/some/where/" });
    try {
      await withVitrine({ browser: stage.browser, server: below }, {}, async (vitrine) => {
        await vitrine.ready();
        checkShelf(await vitrine.ranking());
      });
    } finally {
      await below.stop();
    }
  });

  test("comes over a line of 10 Mbit/s", async (t) => {
    const slow = await Server.start({ level: 9 });
    slow.line = { bitsPerSecond: 10e6, latency: 20 };
    try {
      // A link that asks for something has nothing prepared.
      const prepare = async (vitrine) => {
        await noteProgress(vitrine);
        await watchArrivals(vitrine.page);
      };
      await withVitrine({ browser: stage.browser, server: slow }, { link: "?q=couch", prepare }, async (vitrine) => {
        const { prepared, ranking } = await arrivals(vitrine.page);
        t.diagnostic(`first ranking after ${Math.round(ranking)} ms; the bar is ${FIRST_RANKING.gzip} ms`);
        assert.equal(prepared, null);
        await vitrine.ready();
        assert.ok(await vitrine.page.evaluate(() => window.progressed), "how far it is was on show");
        checkShelf(await vitrine.ranking());
      });
    } finally {
      await slow.stop();
    }
  });

  test("comes behind a shelf that was prepared, over a line of 10 Mbit/s", async (t) => {
    const slow = await Server.start({ level: 9 });
    slow.line = { bitsPerSecond: 10e6, latency: 20 };
    try {
      const prepare = ({ page }) => watchArrivals(page);
      await withVitrine({ browser: stage.browser, server: slow }, { prepare }, async (vitrine) => {
        const { prepared, ranking } = await arrivals(vitrine.page);
        assert.ok(prepared !== null && prepared < ranking, `prepared after ${prepared} ms, ranked after ${ranking} ms`);
        t.diagnostic(`prepared shelf after ${Math.round(prepared)} ms; the bar is ${PREPARED_SHELF} ms`);
        t.diagnostic(`first ranking behind it after ${Math.round(ranking)} ms`);
        await vitrine.ready();
        checkShelf(await vitrine.ranking());
      });
    } finally {
      await slow.stop();
    }
  });

  test("comes by itself, for other shoppers, and on the feed", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      assert.equal(await vitrine.backend(), "cpu");
      const shoppers = await vitrine.get("shopper").locator("option").evaluateAll((all) => all.map(({ value }) => value));
      assert.ok(shoppers.length >= 3, `only ${shoppers.length} shoppers`);
      const orders = new Set();
      for (const shopper of shoppers.slice(0, 6)) {
        if ((await vitrine.get("shopper").inputValue()) !== shopper) {
          await vitrine.after(() => vitrine.set("shopper", shopper));
        }
        checkShelf(await vitrine.ranking());
        orders.add(JSON.stringify(await vitrine.order()));
      }
      assert.ok(orders.size > 1, "who shops makes no difference");
      await vitrine.after(() => vitrine.set("surface", "feed"));
      checkShelf(await vitrine.ranking());
    });
  });
});
