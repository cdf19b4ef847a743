// Held-out page views measured in the studio, beside a page that goes on ranking.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { PATIENCE, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = [/./];
const FILE = "assets/held-out.json";
/** A whole sweep on a busy machine. */
const SWEEP = 400_000;

/** The number and the views that stand in a cell. */
const cell = (vitrine, metric, column = "Now") =>
  vitrine.page.locator(`td[data-metric="${metric}"][data-column="${column}"]`).innerText();

/** How many views are measured, and how many there are to be. */
const progress = (vitrine) =>
  vitrine.get("metrics-progress").evaluate(({ value, max }) => ({ value, max }));

/** Waits until so many views are measured; all of them where no number is given. */
const measuredTo = (vitrine, views) =>
  vitrine.page.waitForFunction(
    (views) => {
      const bar = document.querySelector('[data-testid="metrics-progress"]');
      return bar && bar.max > 1 && bar.value >= (views ?? bar.max);
    },
    views,
    { timeout: 2 * PATIENCE },
  );

test("values arrive by link, agree with a second run, and are kept by state", () =>
  withVitrine(stage, { prepare: () => void (stage.server.requests.length = 0) }, async (vitrine) => {
    await vitrine.ready();
    assert.ok(!stage.server.requests.includes(FILE), "fetched unasked");
    const link = "?surface=feed&panel=metrics&metrics=log,ndcg-clicks,diversity";
    const run = async () => {
      await vitrine.open(link);
      await measuredTo(vitrine);
      return Promise.all(["ndcg-clicks", "clicks", "gmv", "diversity"].map((metric) => cell(vitrine, metric)));
    };
    const first = await run();
    assert.match(first[0], /^0\.\d{3} ± 0\.\d{3}\s+defined for \d+ of \d+/);
    assert.match(first[2], /^\$\d+\.\d\d/);
    assert.match(await cell(vitrine, "p-good"), /^–/, "the feed has no query to be relevant to");
    // Another state is measured anew, the first one at once when it is back.
    await vitrine.page.evaluate(() => history.replaceState(null, "", location.href));
    await vitrine.after(() => vitrine.set("weight-click", 0.2));
    await vitrine.page.waitForFunction(
      (gmv) => document.querySelector('td[data-metric="gmv"]')?.innerText.startsWith(gmv) === false,
      first[2],
    );
    await vitrine.after(() => vitrine.set("weight-click", 1));
    await vitrine.page.waitForFunction(
      (gmv) => document.querySelector('td[data-metric="gmv"]')?.innerText === gmv,
      first[2],
    );
    assert.deepEqual(await run(), first);
    const truth = vitrine.get("against").getByLabel("Against the truth");
    await truth.check({ force: true });
    assert.notEqual(await cell(vitrine, "gmv"), first[2]);
    await vitrine.page.waitForFunction(() => location.hash.includes("metrics=truth,ndcg-clicks,diversity"));
  }));

// Of so many candidates a page view takes long enough to be stopped in between, however slow whoever stops
// it is.
const LONG = "panel=metrics&candidates=1000&relevance-control=off";

test("it can be stopped and goes on from there, and the page ranks meanwhile", () =>
  withVitrine(stage, { link: `?${LONG}` }, async (vitrine) => {
    await vitrine.ready();
    await measuredTo(vitrine, 3);
    const run = await vitrine.run();
    const before = await vitrine.page.evaluate(() => {
      const told = document.querySelector('[data-testid="metrics"] .actions [role="status"]');
      globalThis.heard = [];
      new MutationObserver(() => globalThis.heard.push(told.textContent)).observe(told, { childList: true });
      document.querySelector('[data-testid="metrics-stop"]').click();
      return document.querySelector('[data-testid="metrics-progress"]').value;
    });
    // What is being measured still arrives; nothing is begun after it.
    await measuredTo(vitrine, before + 1);
    const stopped = await progress(vitrine);
    assert.ok(stopped.value < stopped.max, "all was measured before it could be stopped");
    await vitrine.page.waitForTimeout(1_500);
    assert.deepEqual(await progress(vitrine), stopped);
    await vitrine.get("metrics-status").getByText(/Stopped at/).waitFor();
    // It is told once, with what arrived last.
    await vitrine.page.waitForFunction(() => globalThis.heard.length > 0);
    const heard = await vitrine.page.evaluate(() => globalThis.heard);
    assert.deepEqual(heard, [`Stopped at ${stopped.value} of ${stopped.max}.`]);
    await vitrine.get("metrics-stop").click();
    await measuredTo(vitrine, stopped.value + 2);
    await vitrine.set("temperature", 0.05);
    await vitrine.page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
  }));

test("a sweep finds a front, and a click on it goes there", () =>
  withVitrine(stage, { link: "?surface=feed&retriever=yandex&panel=metrics" }, async (vitrine) => {
    await vitrine.ready();
    await vitrine.get("sweep").click();
    await vitrine.get("sweep").getByText("The front has been found").waitFor({ timeout: SWEEP });
    const dots = await vitrine.get("scatter").locator(".point").evaluateAll((all) =>
      all.map(({ dataset, style }) => ({
        kind: dataset.kind,
        x: parseFloat(style.left),
        y: parseFloat(style.top),
      })),
    );
    const tried = dots.filter(({ kind }) => kind === "tried" || kind === "front");
    assert.equal(tried.length, 6);
    const front = dots.filter(({ kind }) => kind === "front");
    assert.ok(front.length >= 1);
    // Nothing that was tried lies further right and higher than a point of the front.
    for (const point of front) {
      assert.ok(!tried.some((other) => other.x > point.x && other.y < point.y));
    }
    assert.equal(dots.filter(({ kind }) => kind === "now").length, 1);
    const there = vitrine.get("scatter").locator('.point[aria-label*="click 0.00, order 1.00"]').first();
    await there.hover({ force: true });
    await vitrine.get("scatter").getByText(/Ranking: click 0\.00, order 1\.00/).first().waitFor();
    await there.click({ force: true });
    await vitrine.page.waitForFunction(() => /w-click=0(&|$)/.test(location.hash));
  }));

test("a missing file is said, and a second try gets it", () =>
  withVitrine(stage, { allow: ALLOW_ALL, prepare: () => stage.server.faults.set(FILE, { status: 404 }), link: "?surface=feed&panel=metrics" }, async (vitrine) => {
    await vitrine.notice(/held-out\.json could not be fetched/);
    stage.server.faults.clear();
    await vitrine.get("metrics").getByRole("button", { name: "Try again" }).click();
    await measuredTo(vitrine, 2);
    assert.equal(await vitrine.get("metrics").locator('[data-testid="notice"]').count(), 0);
  }));

test("an engine that is lost leaves what was measured and asks to go on", () =>
  withVitrine(stage, { allow: ALLOW_ALL, link: `?surface=feed&${LONG}` }, async (vitrine) => {
    await measuredTo(vitrine, 3);
    const before = await progress(vitrine);
    const loaders = vitrine.page.workers().filter((worker) => worker.url().includes("engine-cpu-loader.js"));
    for (const worker of loaders) {
      await worker.evaluate(() => {
        const values = [["engine", "The engine"], ["why", "for a test"]];
        self.postMessage({ failed: { key: "engine-crashed", says: { key: "notices.engine-crashed", values } } });
      });
    }
    await vitrine.get("metrics").locator('[data-testid="notice"]').getByText(/for a test/).waitFor();
    assert.ok((await progress(vitrine)).value >= before.value);
    await vitrine.get("metrics").getByRole("button", { name: "Try again" }).click();
    await measuredTo(vitrine, before.value + 5);
  }));
