// Someone who has never been here: what is on show before the engine has answered, and the strip that says
// what this page is.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ENGINE = "engine-cpu-loader.js";
const PREPARED = "assets/prepared.json";
/** How far numbers of two machines may be apart, relatively. */
const ROUNDING = 1e-3;

/** Opens a page whose server keeps something back. */
async function onServer(faults, options, use) {
  const server = await Server.start();
  faults.forEach(([path, fault]) => server.faults.set(path, fault));
  try {
    await withVitrine({ browser: stage.browser, server }, options, (vitrine) => use(vitrine, server));
  } finally {
    await server.stop();
  }
}

const products = (vitrine) => vitrine.page.locator('[data-testid="product"][data-score]');

describe("the prepared shelf", () => {
  test("is there before the engine, and says so", async () => {
    await onServer([[ENGINE, { silent: true }]], {}, async (vitrine) => {
      await products(vitrine).first().waitFor();
      const shelf = await vitrine.ranking();
      assert.equal(shelf.length, 20);
      for (const { text, score } of shelf) {
        assert.match(text, /\p{L}{3}/u, "has a title");
        assert.match(text, /\d[.,]\d\d/, "has a price");
        assert.ok(Number(score) > 0);
      }
      assert.equal(await vitrine.run(), 0, "no engine has answered");
      assert.match(await vitrine.get("prepared").innerText(), /prepared with the page/);
      const utilisation = await vitrine.get("expert-utilisation").first().getAttribute("data-values");
      assert.ok(JSON.parse(utilisation).flat().every((weight) => weight > 0 && weight < 1));
      // The blend is the page's own.
      await vitrine.set("weight-order", 0);
      await vitrine.rest();
      assert.notDeepEqual(await vitrine.order(), shelf.map(({ id }) => id));
    });
  });

  test("is what the engine answers then", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      const prepared = await (await fetch(`${stage.server.url}${PREPARED}`)).json();
      await vitrine.ready();
      assert.ok(await vitrine.get("prepared").isHidden());
      const ranking = await vitrine.ranking();
      await onServer([[ENGINE, { silent: true }]], {}, async (waiting) => {
        await products(waiting).first().waitFor();
        await waiting.rest();
        const before = await waiting.ranking();
        assert.deepEqual(before.map(({ id }) => id), ranking.map(({ id }) => id));
        before.forEach(({ score }, i) => {
          const now = Number(ranking[i].score);
          assert.ok(Math.abs(score - now) <= ROUNDING * Math.abs(now), `${score} and ${now}`);
        });
      });
      assert.ok(prepared.products.length >= prepared.answer.candidates.length);
    });
  });

  test("is not sent for where a link asks for something else", async () => {
    await onServer([], { link: "?q=lamp" }, async (vitrine, server) => {
      await vitrine.ready();
      assert.ok(!server.requests.some((path) => path.includes(PREPARED)));
      assert.match(await vitrine.page.locator("h1").innerText(), /lamp/);
    });
  });

  for (const [what, fault] of [
    ["missing", { status: 404 }],
    ["of another form", { body: '{"shop":{"catalogue":7}}', type: "application/json" }],
  ]) {
    test(`is as none where its file is ${what}`, async () => {
      await onServer([[PREPARED, fault]], { allow: [/prepared\.json/] }, async (vitrine) => {
        await vitrine.ready();
        assert.equal((await vitrine.ranking()).length, 20);
        assert.deepEqual(await vitrine.notices(), []);
      });
    });
  }

  test("stays where no engine starts, and says that none runs", async () => {
    await onServer([["engine-cpu.js", { status: 404 }]], {}, async (vitrine) => {
      await vitrine.get("retry").waitFor();
      assert.equal((await vitrine.ranking()).length, 20);
      assert.match(await vitrine.get("prepared").innerText(), /no engine runs here/);
    });
  });
});

describe("the strip of a first visit", () => {
  for (const width of [1440, 390]) {
    test(`has something to try, and folds away${width === 390 ? " for good" : ""}, ${width} wide`, async () => {
      const context = { viewport: { width, height: 844 } };
      await withVitrine(stage, { context }, async (vitrine) => {
        await vitrine.ready();
        const strip = vitrine.get("welcome");
        assert.match(await strip.innerText(), /finds 30 of 4,000 products/);
        const order = await vitrine.order();
        await vitrine.get("try").click();
        await strip.getByText(/of 20 moved/).waitFor();
        assert.notDeepEqual(await vitrine.order(), order);
        assert.match(vitrine.page.url() + (await vitrine.page.evaluate(() => location.hash)), /#|w-order/);
        await vitrine.get("try").click();
        await vitrine.rest();
        assert.deepEqual(await vitrine.order(), order);
        const wide = await vitrine.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${wide} wide`);
        await vitrine.get("fold-welcome").click();
        assert.equal(await strip.count(), 0);
        if (width !== 390) return;
        await vitrine.page.reload();
        await vitrine.ready();
        assert.equal(await strip.count(), 0);
      });
    });
  }

  test("leads to the machine", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("see-machine").click();
      await vitrine.get("machine").first().waitFor();
    });
  });

  test("stands in no other page", async () => {
    await withVitrine(stage, { link: "?embed=shelf,knobs" }, async (vitrine) => {
      await vitrine.ready();
      assert.equal(await vitrine.get("welcome").count(), 0);
    });
  });
});
