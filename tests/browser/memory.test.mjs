// What a person does again and again costs no memory: what is gone is let go.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { learn, learnLink, until } from "./support/learning.mjs";
import { REACH, programs } from "./support/programs.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** Steps after which the memory of the programs is compared, and what it may have grown by. */
const [EARLY, LATE] = [100, 600];
const MOST = 1.1;
/** What is done in each round, a step each. */
const ACTS = ["query", "shopper", "ranker", "look", "panel", "language"];
/** Few cards, for they take longest to draw. */
const LINK = "?v=1&q=couch&size=4&candidates=20&panel=compare&a=q:lamp";

/** Sets a control as a person would, and waits until what follows from it is painted. */
const ROUND = async (number) => {
  const root = document.documentElement;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const answered = async (act) => {
    const run = Number(root.dataset.run);
    act();
    for (const end = performance.now() + 60_000; Number(root.dataset.run) <= run; await frame()) {
      if (performance.now() > end) throw new Error(`round ${number}: it is not answered`);
    }
  };
  const find = (testid) => document.querySelector(`[data-testid="${testid}"]`);
  /** Sets a control and waits for the answer; of what it stands at already there is none. */
  const set = (testid, value) => {
    const control = find(testid);
    if (control.value === value) return;
    return answered(() => turn(control, value));
  };
  const turn = (control, value) => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value").set.call(control, value);
    control.dispatchEvent(new Event(control.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  };
  const pick = (list) => list[number % list.length];
  const acts = {
    query: () => set("query", pick(["couch", "shoes", "milk", "laptop", "lamp", "tent"])),
    shopper: () => set("shopper", pick([...find("shopper").options].slice(0, 4)).value),
    ranker: () => set("ranker", pick(["mlpr", "dmt"])),
    look: async () => {
      document.querySelector('[data-testid="look-inside"]').click();
      await frame();
    },
    language: async () => {
      const now = root.lang;
      find("language").click();
      while (root.lang === now) {
        await frame();
      }
      await frame();
    },
    panel: async () => {
      const tabs = [...document.querySelectorAll('[role="tab"]')];
      pick(tabs).click();
      await frame();
    },
  };
  for (const name of window.acts) {
    await acts[name]();
  }
};

/** Goes some rounds. */
async function go(page, from, to) {
  await page.evaluate(`window.acts = ${JSON.stringify(ACTS)}; window.round = ${ROUND}`);
  for (let number = from; number < to; number += 20) {
    await page.evaluate(async ([from, to]) => {
      for (let number = from; number < to; number++) {
        await window.round(number);
      }
    }, [number, Math.min(number + 20, to)]);
    await page.requestGC();
  }
}

test("page, studio and their engines stay as large as they are", () =>
  withVitrine(stage, { link: LINK, prepare: ({ page }) => page.addInitScript(REACH) }, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.ready();
    await page.locator('[data-testid="column"] li').first().waitFor();
    // The page views that the studio measures on are read once, whenever it first has the time to.
    const panel = (name) => vitrine.goTo(LINK.replace("panel=compare", `panel=${name}`));
    await panel("metrics");
    await page.waitForFunction(() => document.querySelector('[data-testid="metrics-progress"]')?.value >= 1);
    await panel("compare");
    await vitrine.rest();
    const rounds = (steps) => Math.ceil(steps / ACTS.length);
    await go(page, 0, rounds(EARLY));
    const early = await programs(page);
    await go(page, rounds(EARLY), rounds(LATE));
    const late = await programs(page);
    for (const held of [early, late]) {
      assert.deepEqual(Object.keys(held).sort(), ["app", "engine-cpu 1", "engine-cpu 2", "studio"]);
    }
    for (const program of Object.keys(early)) {
      assert.ok(late[program] <= MOST * early[program], `${program}: ${early[program]} to ${late[program]} bytes`);
    }
  }));

test("ten runs of learning take no more than two", () =>
  withVitrine(stage, { link: learnLink(), prepare: ({ page }) => page.addInitScript(REACH) }, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.ready();
    const client = await page.context().newCDPSession(page);
    await client.send("Performance.enable");
    /** What all programs hold, and the scripts' heap beside them. */
    const held = async () => {
      const bytes = await programs(page);
      const { metrics } = await client.send("Performance.getMetrics");
      return { ...bytes, heap: metrics.find(({ name }) => name === "JSHeapUsedSize").value };
    };
    const seen = [];
    for (let run = 1; run <= 10; run++) {
      if (run > 1) await vitrine.get("learn-anew").click();
      await learn(vitrine, 2);
      // All runs are tested on the same, who are gathered beside the first.
      await until(vitrine, () => /[1-9][\d,]* held out/.test(document.querySelector('[data-testid="learn-status"]').textContent));
      if (run === 2 || run === 10) seen.push(await held());
    }
    const [early, late] = seen;
    assert.ok(early["trainer 1"] > 0, JSON.stringify(early));
    const all = (held) => Object.values(held).reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(all(late) <= MOST * all(early), `${JSON.stringify(early)} to ${JSON.stringify(late)}`);
    assert.ok(late["trainer 1"] <= MOST * early["trainer 1"], `the trainer: ${JSON.stringify(early)} to ${JSON.stringify(late)}`);
  }));
