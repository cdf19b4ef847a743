// What a person does again and again costs no memory: what is gone is let go.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** Steps after which the memory of the programs is compared, and what it may have grown by. */
const [EARLY, LATE] = [100, 600];
const MOST = 1.1;

/** Keeps the memory of each WebAssembly program of the page within reach. */
const REACH = () => {
  window.programs = {};
  const { instantiateStreaming, instantiate } = WebAssembly;
  // What is shipped calls its memory by another name. A program that asks what the browser can do has none.
  const keep = (name, { instance }) => {
    const memory = Object.values(instance.exports).find((exported) => exported instanceof WebAssembly.Memory);
    if (memory) window.programs[name] = memory;
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const response = await source;
    const made = await instantiateStreaming(response, imports);
    keep(response.url.split("/").pop().split(/[-_.]/)[0], made);
    return made;
  };
  WebAssembly.instantiate = async (source, imports) => {
    const made = await instantiate(source, imports);
    if (made.instance) {
      keep("program", made);
    }
    return made;
  };
};

/** Sets a control as a person would, and waits until what follows from it is painted. */
const ROUND = async (number) => {
  const root = document.documentElement;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const answered = async (act) => {
    const run = Number(root.dataset.run);
    act();
    for (const from = performance.now(); Number(root.dataset.run) <= run && performance.now() < from + 3000; ) {
      await frame();
    }
  };
  const find = (testid) => document.querySelector(`[data-testid="${testid}"]`);
  const set = (testid, value) => {
    const control = find(testid);
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value").set.call(control, value);
    control.dispatchEvent(new Event(control.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  };
  const pick = (list) => list[number % list.length];
  const acts = {
    query: () => answered(() => set("query", pick(["couch", "shoes", "milk", "laptop", "lamp", "tent"]))),
    shopper: () => answered(() => set("shopper", pick([...find("shopper").options].slice(0, 4)).value)),
    ranker: () => answered(() => set("ranker", pick(["mlpr", "dmt"]))),
    weight: () => answered(() => set("weight-click", String(pick([0, 1, 0.3])))),
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

/** Goes some rounds, and tells how much memory each program then has. */
async function go(page, from, to, acts) {
  await page.evaluate((acts) => (window.acts = acts), acts);
  await page.evaluate(`window.round = ${ROUND}`);
  for (let number = from; number < to; number += 20) {
    await page.evaluate(async ([from, to]) => {
      for (let number = from; number < to; number++) {
        await window.round(number);
      }
    }, [number, Math.min(number + 20, to)]);
    await page.requestGC();
  }
  return page.evaluate(() => Object.fromEntries(Object.entries(window.programs).map(([name, memory]) => [name, memory.buffer.byteLength])));
}

for (const [name, link, acts] of [
  ["the page", "?v=1&q=couch", ["query", "shopper", "ranker", "look", "language"]],
  ["the page and the studio", "?v=1&q=couch&panel=compare&a=q:lamp", ["query", "panel", "language"]],
]) {
  test(`${name} stays as large as it is`, () =>
    withVitrine(stage, { link, prepare: ({ page }) => page.addInitScript(REACH) }, async (vitrine) => {
      await vitrine.ready();
      const rounds = (steps) => Math.ceil(steps / acts.length);
      const early = await go(vitrine.page, 0, rounds(EARLY), acts);
      const late = await go(vitrine.page, rounds(EARLY), rounds(LATE), acts);
      assert.ok(Object.keys(early).includes("app"), JSON.stringify(early));
      for (const program of Object.keys(early)) {
        assert.ok(late[program] <= MOST * early[program], `${program}: ${early[program]} to ${late[program]} bytes`);
      }
    }));
}
