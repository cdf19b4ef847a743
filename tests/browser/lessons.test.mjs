// Lessons in the studio: guess, check, go on; by link, by keyboard, where files are missing, and where a check
// trains.

import assert from "node:assert/strict";

import { listen, spoken } from "./support/assistive.mjs";
import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);
const ALLOW_ALL = [/./];
const TEMPERATURE = "?q=couch&panel=lessons&lesson=03-temperature.2";
const LESSON = "assets/lessons/03-temperature.md";
/** A lesson whose check trains, for a few seconds. */
const TRAINS = `+++
title = "Trains"
minutes = 5
theme = "trains"
about = "It learns."
+++

## Learn

\`\`\`toml
state = "?q=couch"
ask = "Does it learn?"
choices = ["It does", "It does not"]
right = 1
why = "It was seen."
seconds = 9

[[check]]
quantity = "learned.measure auc-click"
of = "?learn=shoppers:50"
expect = "between 0.2 and 0.95"

[[check]]
quantity = "learned.mixed click"
of = "?q=couch&learn=shoppers:50"
expect = "above 1"
\`\`\`

Check it.
`;

const step = (vitrine) => vitrine.get("lesson").getAttribute("data-step");
const reached = (vitrine, wanted) =>
  vitrine.page.waitForFunction(
    (wanted) => document.querySelector('[data-testid="lesson"]')?.dataset.step === wanted,
    wanted,
  );

test("a link opens a step; after a guess the engine confirms it; progress survives a reload", () =>
  withVitrine(stage, { link: TEMPERATURE }, async (vitrine) => {
    await vitrine.ready();
    const check = vitrine.get("lesson-check");
    await check.waitFor();
    assert.ok(await check.isDisabled(), "checked before a guess");
    await vitrine.get("lesson-question").getByText("five times as many").click();
    await listen(vitrine.page);
    await check.click();
    const found = vitrine.get("lesson-found");
    await found.waitFor();
    // All that was found is said, once.
    const all = await found.locator("strong").allInnerTexts();
    await vitrine.page.waitForFunction((all) => window.spoken.some((said) => all.every((one) => said.includes(one))), all);
    const heard = (await spoken(vitrine.page)).filter((said) => said.includes(all[0]));
    assert.equal(heard.length, 1, JSON.stringify(heard));
    assert.match(heard[0], /as expected$/);
    const holds = await found.locator("section").evaluateAll((all) => all.map((one) => one.dataset.holds));
    assert.deepEqual([...new Set(holds)], ["true"]);
    const [before, after] = (await found.locator("strong").allInnerTexts()).map(Number);
    assert.ok(before > 1 && after > 1000, `${before} ${after}`);
    assert.match(await vitrine.get("lesson-why").innerText(), /The answer is: More than 1,000/);
    await found.getByRole("button", { name: "After" }).first().click();
    await vitrine.page.waitForFunction(() => location.hash.includes("tau=0.1"));
    await vitrine.page.locator("body").press("ArrowRight");
    await reached(vitrine, "3");
    await vitrine.page.waitForFunction(() => location.hash.includes("lesson=03-temperature.3"));
    await vitrine.page.reload();
    await reached(vitrine, "3");
    const done = await vitrine.get("lesson").locator(".dot").evaluateAll((dots) => dots.map((dot) => dot.dataset.done));
    assert.deepEqual(done.slice(0, 3), ["false", "true", "false"]);
  }));

test("the knob is pointed at beside the shelf, and the stage is set by a click", async () => {
  const vitrine = await begin(TEMPERATURE.replace("q=couch", "q=milk"), { width: 1440, height: 900 });
  await vitrine.page.locator("[data-pointed-at]").waitFor();
  const struck = await vitrine.page.evaluate(() => {
    const marked = document.querySelector("[data-pointed-at]");
    const style = getComputedStyle(marked);
    const out = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
    const { top, bottom } = marked.getBoundingClientRect();
    const texts = [...document.querySelectorAll(".knobs :is(h2, h3), .knob .name")].filter((text) => !marked.contains(text));
    return texts
      .filter((text) => {
        const box = text.getBoundingClientRect();
        return (box.bottom > top - out + 1 && box.top < top) || (box.top < bottom + out - 1 && box.bottom > bottom);
      })
      .map((text) => text.textContent);
  });
  assert.deepEqual(struck, [], "the ring lies over other names");
  assert.equal(await vitrine.page.locator('[data-pointed-at] [data-testid="temperature"]').count(), 1);
  const [shelf, studio] = await Promise.all(["shelf", "studio"].map((id) => vitrine.get(id).boundingBox()));
  assert.ok(shelf.x + shelf.width <= studio.x, "the studio covers the shelf");
  await vitrine.after(() => vitrine.get("lesson-stage").click());
  assert.equal(await vitrine.get("query").inputValue(), "couch");
  assert.ok(await vitrine.get("lesson-stage").isDisabled());
  await vitrine.get("studio-close").click();
  await vitrine.page.waitForFunction(() => document.querySelector("[data-pointed-at]") === null);
});

test("insides that are pointed at are opened and scrolled to, on a page with tabs too", async () => {
  const vitrine = await begin("?panel=lessons&lesson=09-experts-and-gates.2", { width: 1024, height: 800 });
  await vitrine.page.waitForFunction(() => {
    const [marked, studio] = ["[data-pointed-at]", "#studio"].map((at) => document.querySelector(at)?.getBoundingClientRect());
    return marked?.width > 0 && marked.top >= 0 && marked.top + 100 < studio.top;
  });
});

test("in a lecture the knob is in the lesson, and moves the page's", async () => {
  const vitrine = await begin(`${TEMPERATURE}&lecture=on`, { width: 1280, height: 720 });
  const knob = vitrine.get("lesson").getByTestId("temperature");
  await knob.fill("0.1");
  await vitrine.page.waitForFunction(() => /tau=0\.1&/.test(location.hash) && /lecture=on/.test(location.hash));
  assert.equal(await vitrine.page.locator('main [data-testid="temperature"]').inputValue(), "0.1");
  await vitrine.get("lecture").setChecked(false);
  await knob.waitFor({ state: "hidden" });
  await vitrine.page.waitForFunction(() => !location.hash.includes("lecture"));
});

test("a lesson is done with the keyboard alone", async () => {
  const vitrine = await begin("?panel=lessons", { width: 1280, height: 720 });
  const { page } = vitrine;
  const third = vitrine.get("lessons").locator("ol.all button").nth(2);
  await third.focus();
  await page.keyboard.press("Enter");
  await reached(vitrine, "1");
  // An input method's.
  await page.locator("body").dispatchEvent("keydown", { key: "ArrowRight", keyCode: 229, isComposing: true });
  await vitrine.rest();
  assert.equal(await step(vitrine), "1");
  await page.keyboard.press("ArrowRight");
  await reached(vitrine, "2");
  await page.keyboard.press("ArrowLeft");
  await reached(vitrine, "1");
  await page.keyboard.press("ArrowRight");
  await reached(vitrine, "2");
  await vitrine.get("lesson-question").locator("input").first().focus();
  await page.keyboard.press("Space");
  // Among the choices arrow keys choose.
  await page.keyboard.press("ArrowRight");
  assert.equal(await step(vitrine), "2");
  await page.keyboard.press("Tab");
  assert.ok(await vitrine.get("lesson-check").evaluate((button) => button === document.activeElement));
  await page.keyboard.press("Enter");
  await vitrine.get("lesson-found").waitFor();
});

test("lessons that are missing or malformed are said, and a second try gets them", () =>
  withVitrine(
    stage,
    { allow: ALLOW_ALL, link: TEMPERATURE, prepare: () => stage.server.faults.set(LESSON, { status: 404 }) },
    async (vitrine) => {
      await vitrine.notice(/03-temperature\.md could not be fetched/);
      stage.server.faults.set(LESSON, { body: "+++\ntitle = 3\n+++\n" });
      const again = vitrine.get("lessons").getByRole("button", { name: "Try again" });
      await again.click();
      await vitrine.notice(/03-temperature\.md can’t be read/);
      stage.server.faults.set("assets/lessons/index.toml", { status: 404 });
      await vitrine.get("lesson-list").click();
      await vitrine.notice(/index\.toml could not be fetched/);
      stage.server.faults.clear();
      await again.click();
      await vitrine.get("lessons").getByRole("button", { name: /Temperature/ }).click();
      await reached(vitrine, "1");
    },
  ));

test("a lesson that the link can't mean is said, and the list is shown", () =>
  withVitrine(stage, { link: "?panel=lessons&lesson=../secret.1" }, async (vitrine) => {
    await vitrine.notice(/is no name and step/);
    await vitrine.get("lessons").getByText(/\d+ lessons, \d+ minutes/).waitFor();
  }));

test("progress that can't be kept does no harm", () =>
  withVitrine(
    stage,
    {
      link: "?panel=lessons&lesson=03-temperature.1",
      prepare: ({ page }) =>
        page.addInitScript(() => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("no", "SecurityError"); } })),
    },
    async (vitrine) => {
      await vitrine.ready();
      await reached(vitrine, "1");
      await vitrine.page.locator("body").press("ArrowRight");
      await reached(vitrine, "2");
      assert.equal(await vitrine.get("lesson").locator(".dot").first().getAttribute("data-done"), "true");
    },
  ));

test("a check that trains says how far it is, stops and goes on, and its run is in the panel that learns", () =>
  withVitrine(
    stage,
    {
      allow: [/trainer/, /404/],
      link: TEMPERATURE.replace(".2", ".1"),
      prepare: () => {
        stage.server.faults.set(LESSON, { body: TRAINS });
        stage.server.faults.set("trainer_bg.wasm", { status: 404 });
      },
    },
    async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      const check = vitrine.get("lesson-check");
      await check.waitFor();
      // Both checks are of one run.
      assert.match(await vitrine.get("lesson-takes").innerText(), /this step: 1\. .* 9 seconds/);
      await vitrine.get("lesson-question").getByText("It does not").click();
      await check.click();
      await vitrine.notice(/trainer/);
      stage.server.faults.delete("trainer_bg.wasm");
      await check.click();
      await page.waitForFunction(
        () => /Step [1-9]/.test(document.querySelector('[data-testid="lesson-learning"]')?.textContent ?? ""),
        undefined,
        { timeout: 120_000 },
      );
      assert.match(await vitrine.get("lesson-learning").innerText(), /^Run 1 of 1\. Step \d+ of \d+/);
      // The guess is not settled before it is over.
      assert.equal(await vitrine.get("lesson-why").count(), 0);
      await vitrine.get("lesson-stop").click();
      await vitrine.notice(/stopped/);
      await check.click();
      const found = vitrine.get("lesson-found");
      await found.waitFor({ timeout: 120_000 });
      const holds = await found.locator("section").evaluateAll((all) => all.map((one) => one.dataset.holds));
      assert.deepEqual(holds, ["true", "true"], await found.innerText());
      assert.match(await vitrine.get("lesson-why").innerText(), /The answer is: It does\./);
      await found.getByRole("button", { name: "Look" }).first().click();
      await page.waitForFunction(() => /panel=learn/.test(location.hash) && /learn=shoppers:50/.test(location.hash));
      await vitrine.get("learn-runs").waitFor();
      // One that had no trainer, and the one that was stopped and went on.
      assert.equal(await vitrine.get("learn-runs").locator("tbody tr").count(), 2);
      // Back in the lesson nothing is learned again.
      await page.locator("#tab-lessons").click();
      await vitrine.get("lesson-question").getByText("It does not").click();
      await check.click();
      await found.waitFor({ timeout: 10_000 });
    },
  ));
