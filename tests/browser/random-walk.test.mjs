// Thousands of steps over the controls, drawn from a seed: nothing panics, no engine gets stuck, and
// what is held does not grow.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { learnLink, until } from "./support/learning.mjs";
import { REACH, programs } from "./support/programs.mjs";
import { PATIENCE, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** How often a walk is looked at. */
const LOOKS = 6;

/** What leaves the page, or asks the machine for something, is no step. */
const OFF =
  '[data-testid="share"], [data-testid="theme"], [data-testid^="save-"], [type="file"], a, .copied button, .row .outlined, .code + button, .charts button';

/** Takes some steps: each turns one control that can be turned. Returns what it did last. */
function walk(page, seed, steps, off = OFF) {
  return page.evaluate(
    async ({ seed, steps, off }) => {
      // Mulberry32.
      let state = seed;
      const random = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
      };
      const pick = (list) => list[Math.floor(random() * list.length)];
      const set = (control, value) => {
        Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value").set.call(control, value);
        control.dispatchEvent(new Event("input", { bubbles: true }));
        control.dispatchEvent(new Event("change", { bubbles: true }));
      };
      const words = ["couch", "shoes", "milk", "laptop", "", "no such thing", "ÄÖÜ 🙂", "lamp lamp lamp"];
      let last = "";
      for (let step = 0; step < steps; step++) {
        const all = [...document.querySelectorAll("input, select, button, summary")];
        const free = all.filter((control) => !control.disabled && !control.matches(off) && control.getClientRects().length > 0);
        const control = pick(free);
        last = control.outerHTML.slice(0, 120);
        if (control.matches('input[type="range"], input[type="number"]')) {
          const [min, max] = [Number(control.min || 0), Number(control.max || 1)];
          set(control, String(min + random() * (max - min)));
        } else if (control.matches('input[type="text"]')) {
          set(control, pick(words));
        } else if (control.matches("select")) {
          set(control, pick([...control.options]).value);
        } else if (control.matches("summary") && control.closest(".side")) {
          // A panel that is closed hides its controls from the walk.
          continue;
        } else {
          control.click();
        }
        // Some follow each other before anything is painted, as no person's would.
        const [follows, wait] = [random() < 0.6, 4 + random() * 12];
        await new Promise((resolve) => setTimeout(resolve, follows ? 0 : wait));
      }
      return last;
    },
    { seed, steps, off },
  );
}

/** What is held after everything that can be let go is let go. */
async function held(client) {
  await client.send("HeapProfiler.collectGarbage");
  const { metrics } = await client.send("Performance.getMetrics");
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  return { heap: of("JSHeapUsedSize"), nodes: of("Nodes") };
}

/**
 * What takes most of the programs' memory, which never shrinks: asked for before the walk, so that it matters
 * little when the walk comes to it.
 */
const MOST = ["mlpr&precomputed=off", "dmt"].map((ranker) => `?v=1&q=couch&size=60&relevance-control=off&candidates=1000&ranker=${ranker}`);

/**
 * A larger shop takes more than all else together (tests/browser/market.test.mjs has it), and whether a walk
 * comes to one is chance.
 */
const LARGER = '[data-testid="products"]';

/** Most of a step is the moving of cards: it is walked through once. */
const still = { reducedMotion: "reduce" };

for (const [name, seed, steps, link, off, context] of [
  ["over the page", 1, 420, "?v=1&q=couch", `${OFF}, ${LARGER}`, {}],
  // With few cards, for they take longest to draw.
  ["over the page and the studio", 2, 1200, "?v=1&q=couch&size=4&panel=compare", `${OFF}, ${LARGER}, [data-testid="page-size"]`, still],
]) {
  test(`a random walk ${name}`, () =>
    withVitrine(stage, { link, context, prepare: ({ page }) => page.addInitScript(REACH) }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      for (const most of MOST) {
        const run = await vitrine.run();
        await vitrine.goTo(most);
        await page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
        await vitrine.rest();
      }
      await vitrine.goTo(link);
      await vitrine.rest();
      // The page's own engine has started, whatever a walk has opened beside it; workers that train hold what they
      // were set to learn from (tests/browser/memory.test.mjs has them).
      const bytes = () => programs(page, (name) => name === "engine-cpu 1");
      const client = await page.context().newCDPSession(page);
      await client.send("Performance.enable");
      const seen = [];
      const stride = steps / LOOKS;
      for (let done = 0; done < steps; done += stride) {
        const last = await walk(page, 1000 * seed + done, stride, off);
        await page.waitForFunction(() => document.documentElement.dataset.engine === "ready", undefined, { timeout: 2 * PATIENCE }).catch(() => {
          throw new Error(`after ${done + stride} steps, the last on ${last}, the engine does not answer`);
        });
        // The same is on show at each look, wherever the walk has gone.
        await vitrine.goTo(link);
        await vitrine.rest();
        seen.push({ ...(await held(client)), programs: await bytes() });
      }
      // It still answers, and to what is asked now.
      await vitrine.open("?v=1&q=lamp");
      await vitrine.ready();
      assert.ok((await vitrine.ranking()).length > 0);
      const [early, late] = [seen[1], seen.at(-1)];
      assert.ok(late.heap < early.heap + 30e6, `the heap grew: ${JSON.stringify(seen)}`);
      assert.ok(late.nodes < 3 * early.nodes + 5000, `the document grew: ${JSON.stringify(seen)}`);
      // From the second look to the last a straight line triples. What is drawn by lot may ask for more than what
      // was asked for before, so the bound is wider than that of tests/browser/memory.test.mjs.
      assert.ok(early.programs.app > 0 && early.programs["engine-cpu 1"] > 0, JSON.stringify(early));
      for (const [program, before] of Object.entries(early.programs)) {
        assert.ok(late.programs[program] < 2 * before + 30e6, `${program} grew: ${JSON.stringify(seen)}`);
      }
    }));
}

test("a random walk while a model learns", () =>
  withVitrine(stage, { link: learnLink(), context: still }, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.ready();
    const client = await page.context().newCDPSession(page);
    await client.send("Performance.enable");
    // More shoppers, or another system's, would be learned from for minutes; files are asked of the machine.
    const off = `${OFF}, [data-setting="shoppers"], [data-testid="learn-system"], [data-testid="learn-save"]`;
    const press = async (testid) => {
      const button = vitrine.get(testid);
      if (await button.isEnabled()) await button.click();
    };
    const seen = [];
    const acts = {
      learn: () => press("learn-go"),
      pause: () => press("learn-go"),
      "go on": () => press("learn-go"),
      "rank with it": () => vitrine.goTo(learnLink("&weights=learned")),
      "one step": () => press("learn-step"),
      "begin anew": () => press("learn-anew"),
    };
    for (const [round, [name, act]] of Object.entries(acts).entries()) {
      // Wherever the walk has gone.
      await vitrine.goTo(learnLink());
      await vitrine.get("learn-go").waitFor();
      await act();
      if (round === 0) await until(vitrine, () => JSON.parse(document.querySelector('[data-testid="learn"]')?.dataset.run ?? '{"looks":[]}').looks.length > 0);
      const last = await walk(page, 3000 + round, 60, off);
      await page.waitForFunction(() => document.documentElement.dataset.engine === "ready", undefined, { timeout: 2 * PATIENCE }).catch(() => {
        throw new Error(`after "${name}" and 60 steps, the last on ${last}, the engine does not answer`);
      });
      seen.push(await held(client));
    }
    // The trainer still learns, and the shelf can be ranked with it.
    await vitrine.goTo(learnLink());
    await vitrine.get("learn-go").waitFor();
    await press("learn-anew");
    await vitrine.get("learn-step").click();
    await until(vitrine, () => /^Step [1-9]/.test(document.querySelector('[data-testid="learn-status"]').textContent));
    await vitrine.goTo(learnLink("&weights=learned"));
    await until(vitrine, () => document.querySelector('[data-testid="notice"][data-key="learned"]') !== null);
    assert.ok((await vitrine.ranking()).length > 0);
    const [early, late] = [seen[1], seen.at(-1)];
    assert.ok(late.heap < early.heap + 30e6, `the heap grew: ${JSON.stringify(seen)}`);
  }));
