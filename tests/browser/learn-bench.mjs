// Learning in the tab: how fast, how soon, how far, and how little of it the page notices.
//
//   node tests/browser/learn-bench.mjs
//
// Prints a table and asserts nothing. `./dev bench learn` runs it; it wants dist/, or the folder that DIST names.

import { launch, withPage } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { Vitrine } from "./support/vitrine.mjs";

/** The panel with the recipe as it comes, or the one of RECIPE, for example `shoppers:800,epochs:4`. */
export const LINK = "?v=1&backend=cpu&q=couch&panel=learn" + (process.env.RECIPE ? `&learn=${process.env.RECIPE}` : "");
/** Times that a run is paused. */
const PAUSES = 12;
/** Longest that anything may take, in milliseconds. */
const PATIENCE = 900_000;

/** Has a page keep what its trainers say, and when. Before the page is opened. */
export function listen(page) {
  return page.addInitScript(() => {
    const trainer = { heard: [], run: 0, step: 0, steps: 0, looked: 0, begun: 0, trouble: null };
    globalThis.trainer = trainer;
    const hear = ({ data }) => {
      trainer.heard.push({ at: performance.now(), data });
      if (typeof data !== "string") {
        trainer.trouble ??= data.failed ? JSON.stringify(data) : null;
        return;
      }
      // Looks have the weights with them: they are read when all is over.
      if (data.startsWith('{"looked"')) {
        trainer.looked = Number(/"step":(\d+)/.exec(data)[1]);
        return;
      }
      const { begun, went, halted, failed } = JSON.parse(data);
      // It is said again once everyone is there whom the run is tested on.
      if (begun && begun.run !== trainer.run) {
        const { run, steps } = begun;
        Object.assign(trainer, { run, step: 0, steps, looked: -1, begun: trainer.begun + 1 });
      }
      if (went) trainer.step = went.step;
      if (halted || failed) trainer.trouble = data;
    };
    globalThis.Worker = class extends Worker {
      constructor(address, options) {
        super(address, options);
        if (String(address).includes("trainer-loader.js")) this.addEventListener("message", hear);
      }
    };
  });
}

/** Waits until something holds in the page, of what the trainer said. */
export async function until(page, holds, argument) {
  for (const begin = Date.now(); !(await page.evaluate(holds, argument)); await page.waitForTimeout(100)) {
    const trouble = await page.evaluate(() => globalThis.trainer.trouble);
    if (trouble !== null) throw new Error(`the trainer said ${trouble}`);
    if (Date.now() - begin > PATIENCE) throw new Error(`waited too long for ${holds}`);
  }
}

/** What the trainer said from a moment on: when, what, and its values. */
export function heard(page, from = 0) {
  return page.evaluate((from) => {
    const read = ({ at, data }) => {
      const message = typeof data === "string" ? JSON.parse(data) : data;
      if (typeof message === "string") return { at, what: message };
      const [[what, values]] = Object.entries(message);
      return { ...values, weights: undefined, at, what };
    };
    return globalThis.trainer.heard.filter(({ at }) => at >= from).map(read);
  }, from);
}

/** Begins a run, which makes no step yet; its first look is over. The first gathers page views before. */
export async function anew(page) {
  const before = await page.evaluate(() => globalThis.trainer.begun);
  await page.getByTestId("learn-anew").click();
  await until(page, (before) => globalThis.trainer.begun > before && globalThis.trainer.looked === 0, before);
}

/** Milliseconds that steps took, looks left out, and how many there were: of messages of steps, so many a step. */
export function stepping(went, batch) {
  const steps = went.reduce((sum, { losses }) => sum + losses.length, 0);
  const milliseconds = went.reduce((sum, { losses, speed }) => sum + (1000 * losses.length * batch) / speed, 0);
  return { steps, milliseconds };
}

/** Page views of a step, as the panel has them. */
export const batchOf = (page) => page.locator('[data-setting="batch"]').inputValue().then(Number);

/** Presses "learn" and notes, until the run is over, the longest times between frames and within a task. */
async function whole(page) {
  const pressed = await page.evaluate(() => {
    const frames = { last: performance.now(), longest: 0, late: 0, count: 0, task: 0, ends: false };
    globalThis.frames = frames;
    new PerformanceObserver((list) => {
      frames.task = Math.max(frames.task, ...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask" });
    const look = () => {
      const now = performance.now();
      const gap = now - frames.last;
      frames.last = now;
      frames.longest = Math.max(frames.longest, gap);
      frames.late += gap > 50 ? 1 : 0;
      frames.count += 1;
      if (!frames.ends) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    document.querySelector('[data-testid="learn-go"]').click();
    return frames.last;
  });
  await until(page, () => globalThis.trainer.steps > 0 && globalThis.trainer.looked === globalThis.trainer.steps);
  const frames = await page.evaluate(() => Object.assign(globalThis.frames, { ends: true }));
  return { pressed, frames, said: await heard(page, pressed) };
}

/**
 * Pauses a run some times, each at another moment between two messages: milliseconds until the button says so,
 * and until the trainer has said the last that it says.
 */
function pauses(page, rounds) {
  return page.evaluate(async (rounds) => {
    const { trainer } = globalThis;
    const button = document.querySelector('[data-testid="learn-go"]');
    const sleep = (time) => new Promise((wake) => setTimeout(wake, time));
    const turn = () =>
      new Promise((resolve) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = resolve;
        channel.port2.postMessage(null);
      });
    const times = [];
    for (let round = 0; round < rounds && trainer.step < trainer.steps; round++) {
      const before = trainer.step;
      button.click();
      while (trainer.step === before && trainer.trouble === null) await sleep(5);
      await sleep((37 * round) % 120);
      if (trainer.step >= trainer.steps) break;
      const label = button.textContent;
      const pressed = performance.now();
      button.click();
      while (button.textContent === label) await turn();
      const answered = performance.now() - pressed;
      await sleep(1500);
      times.push({ answered, stopped: Math.max(0, trainer.heard.at(-1).at - pressed) });
    }
    return times;
  }, rounds);
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
const ms = (milliseconds) => `${milliseconds.toFixed(0)} ms`;
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** In a page whose state asks for learned weights: milliseconds from "learn" to another order on the shelf. */
async function shelf(stage) {
  let time;
  await withPage(stage, {}, async (page) => {
    await listen(page);
    const vitrine = new Vitrine(page, stage.server);
    await vitrine.open(`${LINK}&weights=learned`);
    await vitrine.ready();
    await vitrine.get("learn-go").waitFor();
    await page.evaluate(() => {
      const order = () => [...document.querySelectorAll('[data-testid="product"]')].map(({ dataset }) => `${dataset.rank} ${dataset.productId}`).sort().join();
      const [before, pressed] = [order(), performance.now()];
      const look = () => {
        if (order() === before) requestAnimationFrame(look);
        else globalThis.trainer.seen = performance.now() - pressed;
      };
      requestAnimationFrame(look);
      document.querySelector('[data-testid="learn-go"]').click();
    });
    await until(page, () => globalThis.trainer.seen > 0);
    time = await page.evaluate(() => globalThis.trainer.seen);
  });
  return time;
}

/** What was measured of a run, as rows: what, value, bar. */
function rows({ pressed, frames, said }, times, batch, shown) {
  const all = (what) => said.filter((message) => message.what === what);
  const since = (message) => seconds(message.at - pressed);
  const [begun, tested] = [all("begun")[0], all("begun").at(-1)];
  const [ready] = all("ready");
  const [went, looks] = [all("went"), all("looked")];
  const { steps, milliseconds } = stepping(went, batch);
  // Those that steps wait for: what is looked at a second time is looked at between steps.
  const first = looks.filter(({ step }, at) => looks.findIndex((look) => look.step === step) === at);
  // A look begins when the steps before it were told, or the run begins.
  const looking = first.map((look) => {
    const before = said.filter(({ at, what }) => at <= look.at && (what === "went" || what === "begun"));
    return look.at - before.at(-1).at;
  });
  const held = (look, key) => look.measures.find((measure) => measure.key === key).held_out;
  const ships = (key) => tested.shipped.find((measure) => measure.key === key).held_out;
  const seen = looks.filter(({ measures }) => measures.length > 0);
  const near = seen.find((look) => held(look, "auc-click") >= ships("auc-click") - 0.01);
  const reached = (key) => `${held(looks.at(-1), key).toFixed(4)}, ${ships(key).toFixed(4)}`;
  const both = (of) => `${ms(middle(times.map(of)))}, ${ms(Math.max(...times.map(of)))}`;
  return [
    ["page views learned from, held out; of a step; steps", `${begun.views}, ${tested.held_out}; ${batch}; ${begun.steps}`, ""],
    ["trainer and its files there, after", since(ready), ""],
    ["page views to learn from gathered, after", since(begun), ""],
    ["first step, after", since(went[0]), ""],
    ["another order on a shelf that ranks with it, after", seconds(shown), "5 s"],
    ["page views held out gathered and what ships measured, after", since(tested), ""],
    ["steps a second, looks left out", ((1000 * steps) / milliseconds).toFixed(1), ""],
    ["page views a second", ((1000 * steps * batch) / milliseconds).toFixed(0), ""],
    ["looks that steps wait for: how many, all together, the longest", `${first.length}, ${seconds(looking.reduce((a, b) => a + b))}, ${ms(Math.max(...looking))}`, ""],
    ["held-out click AUC within 0.01 of what ships, after", near ? since(near) : "never", "120 s"],
    ["the whole recipe, after", since(looks.at(-1)), ""],
    ["held-out click AUC at the end, and of what ships", reached("auc-click"), ""],
    ["held-out order AUC at the end, and of what ships", reached("auc-order"), ""],
    ["longest time between two frames", ms(frames.longest), "50 ms"],
    ["frames later than 50 ms, of all", `${frames.late} of ${frames.count}`, "0"],
    ["longest task of the page", frames.task > 0 ? ms(frames.task) : "< 50 ms", "50 ms"],
    [`the button says that it pauses (${times.length} times): median, longest`, both(({ answered }) => answered), "100 ms"],
    ["the trainer's last word after it: median, longest", both(({ stopped }) => stopped), "100 ms"],
  ];
}

/** Prints what the default recipe costs and comes to. */
export async function bench(browser) {
  const server = await Server.start();
  try {
    const seen = await shelf({ browser, server });
    await withPage({ browser, server }, {}, async (page) => {
      await listen(page);
      const vitrine = new Vitrine(page, server);
      await vitrine.open(LINK);
      await vitrine.ready();
      await vitrine.get("learn-go").waitFor();
      const batch = await batchOf(page);
      const run = await whole(page);
      await anew(page);
      const times = await pauses(page, PAUSES);
      console.log("\n### Learning in the tab, the recipe as it comes\n");
      console.log("| what | measured | bar |\n|---|---:|---:|");
      rows(run, times, batch, seen).forEach((row) => console.log(`| ${row.join(" | ")} |`));
    });
  } finally {
    await server.stop();
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const browser = await launch();
  try {
    console.log(`Chromium ${browser.version()}, headless`);
    await bench(browser);
  } finally {
    await browser.close();
  }
}
