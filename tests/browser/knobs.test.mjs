// What can be turned changes what it should.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const begin = usePage(stage);
const WIDE = { width: 1440, height: 900 };
const open = async (use, link = "") => use(await begin(link, WIDE));

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
      // More coats than are retrieved, and all that are on one page, for a weight may change the last of them alone.
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
        await vitrine.rest();
        assert.deepEqual(await vitrine.scores(), before);
      }, "?v=1&q=coat&size=40");
    });
  }

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

  test("a larger shop sells others, too, which can be clicked, and the way back leaves no trace", async () => {
    await open(async (vitrine) => {
      const sold = () => vitrine.page.locator(".funnel li strong").first().innerText();
      const before = await vitrine.scores();
      assert.equal(await sold(), "4,000");
      await vitrine.after(() => vitrine.goTo("?v=1&q=sofa&products=40000&backend=cpu"));
      assert.equal(await sold(), "40,000");
      assert.deepEqual(await vitrine.notices(), []);
      const cards = await vitrine.get("shelf").getByTestId("product").evaluateAll((all) =>
        all.map((card) => ({
          id: Number(card.dataset.productId),
          title: card.querySelector(".title").textContent.trim(),
          drawn: card.querySelectorAll(".picture use").length,
        })),
      );
      const others = cards.filter(({ id }) => id >= 4000);
      assert.ok(others.length > 0, `some do not ship: ${cards.map(({ id }) => id)}`);
      for (const { id, title, drawn } of cards) assert.ok(title.length > 3 && drawn === 1, `${id}: “${title}”, ${drawn} pictures`);

      const [{ id, title }] = others;
      await vitrine.after(() => vitrine.get("shelf").locator(`[data-product-id="${id}"] [data-act="click"]`).click());
      const newest = vitrine.get("history").locator("[data-entry]").first();
      const said = await newest.getAttribute("title");
      assert.ok(said.includes(title), `“${said}” names “${title}”`);
      assert.equal(await newest.locator(".picture use").count(), 1);

      await vitrine.after(() => vitrine.get("history-reset").click());
      await vitrine.after(() => vitrine.set("products", "4000"));
      assert.equal(await sold(), "4,000");
      assert.deepEqual(await vitrine.scores(), before);
    }, "?v=1&q=sofa&backend=cpu");
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

  const sigmoid = (u) => 1 / (1 + Math.exp(-u));
  for (const [blend, formula, unit] of [
    ["sum", ({ click, order }) => (0.3 * click + 0.6 * order) / 0.9, /%$/],
    ["lift", ({ click, order, b_click, b_order }) => ((0.3 * click) / b_click + (0.6 * order) / b_order) / 0.9, /×$/],
    ["product", ({ click, order, b_click, b_order }) => (click / b_click) ** (0.3 / 0.9) * (order / b_order) ** (0.6 / 0.9), /×$/],
  ]) {
    test(`a chosen product is taken apart into what its score is made of: ${blend}`, async () => {
      await open(async (vitrine) => {
        await vitrine.after(() => vitrine.get("look-inside").first().click());
        const parts = JSON.parse(await vitrine.get("score-breakdown").getAttribute("data-values"));
        const [first] = await vitrine.ranking();
        assert.ok(Math.abs(parts.score - Number(first.score)) < 1e-6 * parts.score, `${parts.score}, on the shelf ${first.score}`);
        const blended = formula({ ...parts, click: sigmoid(parts.u_click), order: sigmoid(parts.u_order) });
        assert.ok(Math.abs(blended / parts.score - 1) < 1e-4, `the blend gives ${blended}, the page says ${parts.score}`);
        const shown = await vitrine.get("product").first().locator(".origin span").last().innerText();
        assert.match(shown.trim(), unit, "the card says what the score is in");
        assert.ok((await vitrine.get("blend-formula").innerText()).trim().length > 10);
        const attention = vitrine.get("attention");
        await attention.waitFor();
        assert.match(await attention.innerText(), /\d/);
      }, `?v=1&blend=${blend}&w-click=0.3&w-order=0.6`);
    });
  }

  test("weights of nothing are said, and the order of retrieval stands", async () => {
    await open(async (vitrine) => {
      assert.match(await vitrine.get("blend-formula").innerText(), /All weights are 0/);
      await vitrine.get("no-objectives").waitFor();
      const places = await vitrine.get("retrieved").allInnerTexts();
      assert.deepEqual(
        places.map((text) => Number(text.match(/#(\d+)/)[1])),
        places.map((_, place) => place + 1),
      );
    }, "?v=1&w-click=0&w-order=0&w-relevance=0&w-exposure=0&w-retrieval-click=0&w-purchase=0");
  });

  const knob = (vitrine, key) => vitrine.page.locator(`.knobs [data-knob="${key}"]`);
  const tells = (vitrine, key) => knob(vitrine, key).locator(".tells").innerText();
  const isIdle = (vitrine, key) => knob(vitrine, key).evaluate((element) => element.classList.contains("idle"));

  test("a knob that does nothing is dimmed, says why, and can still be turned", async () => {
    await open(async (vitrine) => {
      for (const [key, switched, words] of [
        ["tau", "sample", /sampling/],
        ["seed", "sample", /sampling/],
        ["sigma", "gmv", /GMV/],
        ["coarse-keep", "coarse-ranker", /coarse/],
      ]) {
        assert.ok(await isIdle(vitrine, key), key);
        assert.match(await tells(vitrine, key), words);
        const described = await knob(vitrine, key).locator("input").getAttribute("aria-describedby");
        assert.ok(described.includes(`knob-${key}-tells`), "whoever hears the knob hears why");
        await vitrine.after(() => vitrine.set(switched, true));
        assert.ok(!(await isIdle(vitrine, key)), `${key} counts now`);
        await vitrine.after(() => vitrine.set(switched, false));
      }
      for (const key of ["device", "size", "w-order", "candidates", "category-filter"]) {
        assert.equal(await isIdle(vitrine, key), key === "device", key);
      }
      const before = await vitrine.order();
      await vitrine.after(() => vitrine.set("seed", 7));
      assert.deepEqual(await vitrine.order(), before);
      assert.match(await vitrine.page.evaluate(() => location.href), /seed=7/);
    });
  });

  test("every knob that loads another trained network says so", async () => {
    await open(async (vitrine) => {
      const notes = vitrine.get("other-network");
      assert.deepEqual(await notes.evaluateAll((all) => all.map(({ dataset }) => dataset.of)), ["multi-task", "bias-position"]);
      // Under how tasks share, and over the first of the bias network's features.
      const place = async (of) => (await of.boundingBox()).y;
      const of = (key) => notes.and(vitrine.page.locator(`[data-of="${key}"]`));
      assert.ok((await place(of("multi-task"))) > (await place(knob(vitrine, "multi-task"))));
      assert.ok((await place(of("multi-task"))) < (await place(knob(vitrine, "bias-position"))));
      assert.ok((await place(of("bias-position"))) < (await place(knob(vitrine, "bias-position"))));
      for (const note of await notes.allInnerTexts()) assert.match(note, /another trained network/);
      await vitrine.after(() => vitrine.set("ranker", "mlpr"));
      assert.equal(await notes.count(), 0);
    });
  });

  test("papers and terms are linked in hints, and the keyboard gets there", async () => {
    await open(async (vitrine) => {
      await vitrine.page.locator("#knob-gmv").focus();
      await vitrine.page.keyboard.press("Shift+Tab");
      await vitrine.page.keyboard.press("Tab");
      const link = knob(vitrine, "gmv").locator(".about.open a");
      await link.waitFor();
      assert.match(await link.getAttribute("href"), /^https:\/\/arxiv\.org\//);
      assert.equal(await link.innerText(), "MOPPR");
      await vitrine.page.keyboard.press("Tab");
      assert.ok(await link.evaluate((element) => element === document.activeElement), "the link has the focus");
      await vitrine.page.keyboard.press("Tab");
      await link.waitFor({ state: "hidden" });
      const note = vitrine.page.locator(".insides .note a").first();
      assert.equal(await note.innerText(), "MOPPR");
    });
  });

  test("a page beyond the last is said to be", async () => {
    await open(async (vitrine) => {
      assert.match(await vitrine.get("beyond").first().innerText(), /^There is no page 8: the last is \d+\.$/);
      await vitrine.page.getByRole("button", { name: "Previous page" }).first().click();
      await vitrine.rest();
      assert.equal(await vitrine.get("beyond").first().innerText(), "");
    }, "?v=1&q=shoes&page=7");
  });

  test("on the feed nothing filters by a query, and that is said", async () => {
    await open(async (vitrine) => {
      for (const key of ["category-filter", "relevance-control"]) {
        assert.ok(await isIdle(vitrine, key), key);
        assert.match(await tells(vitrine, key), /query/);
      }
    }, "?v=1&surface=feed");
  });

  test("a number beyond what there is says so", async () => {
    await open(async (vitrine) => {
      // Not that there were no more: retrieval hands on no more.
      assert.equal(await vitrine.get("product").count(), 30);
      assert.match(await tells(vitrine, "size"), /hands on only K: raise K/);
      assert.ok(!(await isIdle(vitrine, "size")), "fewer can still be shown");
      await vitrine.after(() => vitrine.set("candidates", 60));
      assert.equal(await vitrine.get("product").count(), 60);
      await vitrine.after(() => vitrine.set("coarse-ranker", true));
      assert.equal(await vitrine.get("product").count(), 20);
      assert.match(await tells(vitrine, "size"), /coarse ranking cut some: pass more on/i);
    }, "?v=1&size=60");
  });

  /** Where each knob stands below the first, wherever the page is scrolled to. */
  const places = ({ page }) =>
    page.locator(".knobs [data-knob]").evaluateAll((all) => {
      const tops = all.map((one) => one.getBoundingClientRect().top);
      return Object.fromEntries(all.map((one, i) => [one.dataset.knob, Math.round(tops[i] - tops[0])]));
    });

  const TURNED = {
    dmt: { "weight-click": 0, "weight-order": 0, "weight-relevance": 0, "weight-exposure": 0, "weight-retrieval-click": 0, "weight-purchase": 0, candidates: 20, "gate-temperature": 0.1, "category-filter": false, "relevance-control": false, gmv: true, sample: true, "coarse-ranker": true, blend: "sum", "page-size": 60 },
    mlpr: { "weight-cart": 0, precomputed: false, blend: "lift", "weight-click": 0 },
  };
  for (const [ranker, width, lang] of [["dmt", 1440, "en"], ["dmt", 1024, "zh"], ["mlpr", 1024, "en"], ["mlpr", 1440, "zh"]]) {
    test(`no knob moves for what another does: ${ranker}, ${width} wide, ${lang}`, async () => {
      const vitrine = await begin(`?v=1&backend=cpu&ranker=${ranker}&lang=${lang}`, { width, height: 900 });
      await vitrine.page.waitForFunction((lang) => document.documentElement.lang.startsWith(lang), lang);
      await vitrine.rest();
      const before = await places(vitrine);
      for (const [testid, value] of Object.entries(TURNED[ranker])) {
        await vitrine.set(testid, value);
        await vitrine.rest();
        assert.deepEqual(await places(vitrine), before, testid);
        // What came of it is told behind the answer: beside the knob, and with its name to those who can't see that.
        await vitrine.page.waitForFunction((testid) => {
          const knob = document.querySelector(`.knobs [data-testid="${testid}"]`).closest(".knob");
          return document.querySelector('[data-testid="moves"]').textContent.startsWith(knob.querySelector(".name").textContent);
        }, testid);
        assert.deepEqual(await places(vitrine), before, `${testid}, told`);
      }
    });
  }

  test("what a knob did stands beside it, is said once, and moves nothing", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      const boxes = () => places(vitrine);
      const before = await boxes();
      // The first ranking is said, too, after its rest.
      await vitrine.page.waitForFunction(() => document.querySelector('[data-testid="moves"]').textContent !== "");
      await vitrine.page.evaluate(() => {
        window.said = [];
        const status = document.querySelector('[data-testid="moves"]');
        new MutationObserver(() => window.said.push(status.textContent)).observe(status, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      });
      // Drawn in one go: on a busy machine single commands may lie further apart than a rest.
      await vitrine.get("weight-click").evaluate((slider) => {
        for (const value of [0.8, 0.5, 0.2, 0]) {
          slider.value = String(value);
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
      await vitrine.page.waitForFunction(() => document.querySelector('[data-knob="w-click"] .tells').textContent !== "");
      const moved = await vitrine.page.locator('[data-testid="product"] .move').count();
      assert.match(await tells(vitrine, "w-click"), new RegExp(moved ? `^${moved} of 20 moved` : "Nothing moved"));
      assert.deepEqual(await boxes(), before, "no knob moves for it");
      const said = await vitrine.page.evaluate(() => window.said);
      assert.equal(said.length, 1, `said once: ${said}`);
      assert.match(said[0], moved ? new RegExp(`^Click: ${moved} of 20 moved.*\\. First: `, "s") : /^Click: /);
      assert.ok(await vitrine.get("moves").and(vitrine.page.getByRole("status")).isVisible());
      // A knob of the engine: the experts are told of, too; and the last one's line is gone.
      await vitrine.after(() => vitrine.set("gate-temperature", 0.1));
      await vitrine.page.waitForFunction(() =>
        /expert \d: .*→/i.test(document.querySelector('[data-knob="gate-temperature"] .tells').textContent),
      );
      assert.equal(await tells(vitrine, "w-click"), "");
      // Another request is no knob's doing.
      await vitrine.search("lamp");
      await vitrine.page.waitForFunction(() => document.querySelector('[data-knob="gate-temperature"] .tells').textContent === "");
    });
  });
});
