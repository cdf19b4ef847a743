// Learning in the tab: steps, pause, what is seen, the shelf in the learner's order, and what is said
// where it can't go on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { test, useStage } from "./support/browser.mjs";
import { learn, learnLink, looks, pause, ranked, run, stands, until } from "./support/learning.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const SYSTEMS = JSON.parse(readFileSync(new URL("../learning.json", import.meta.url), "utf8"));
const NATIVE = SYSTEMS.dmt;

const status = (vitrine) => vitrine.get("learn-status").innerText();

/** Waits until so many curves are drawn: whom a run is tested on is gathered while it learns. */
const curves = (vitrine, least) =>
  until(vitrine, (least) => document.querySelectorAll(".learn .curves path").length >= least, least);

test("steps are those of the command line, and the shelf takes the learner's order and gives it back", () =>
  withVitrine(stage, { link: learnLink() }, async (vitrine) => {
    await vitrine.ready();
    const shipped = await vitrine.scores();
    // As many as it takes to see after which it is looked at; the command line's test makes twice as many.
    const steps = 8;
    await learn(vitrine, steps);
    assert.match(await status(vitrine), new RegExp(`${NATIVE.views.toLocaleString("en")} page views to learn from`));
    const held = `${NATIVE.held_out.toLocaleString("en")} held out`;
    await until(vitrine, (held) => document.querySelector('[data-testid="learn-status"]').textContent.includes(held), held);
    const { losses, looks } = await run(vitrine);
    assert.equal(losses.length, steps);
    losses.forEach((loss, step) => assert.ok(Math.abs(loss - NATIVE.losses[step]) < 1e-3, `${step}: ${loss}`));
    // Looked at before the first step, after the first, second, fourth, eighth, and then more and more seldom.
    assert.deepEqual(looks.slice(0, 5), [0, 1, 2, 4, 8]);

    await vitrine.get("learn-on-shelf").check();
    await ranked(vitrine, true);
    assert.notDeepEqual(await vitrine.scores(), shipped);
    await vitrine.get("learn-on-shelf").uncheck();
    await ranked(vitrine, false);
    assert.deepEqual(await vitrine.scores(), shipped);
  }));

test("learning goes on until it is paused, and the page stays at hand", () =>
  withVitrine(stage, { link: learnLink() }, async (vitrine) => {
    await vitrine.ready();
    await vitrine.get("learn-go").click();
    await pause(vitrine, 1);
    assert.match(await vitrine.stands("learn-status"), /^Step [1-9]/, "a pause is one");
    assert.match(await vitrine.get("learn-go").innerText(), /Learn/);
    // A look that a pause broke off is made before the run goes on.
    const stood = (await run(vitrine)).losses.length;
    await vitrine.get("learn-step").click();
    await stands(vitrine, stood + 1);
    const { looks } = await run(vitrine);
    const due = [0, 1, 2, 4, 8, 16, 19, 25, 32, 40, 48].filter((step) => step <= stood);
    assert.deepEqual(looks.filter((step) => step <= stood), due);
    assert.equal(await vitrine.page.locator(".learn canvas").count(), 1);
    const all = 1 + 3 + 3 + 2 + 2;
    await curves(vitrine, all);
    assert.equal(await vitrine.page.locator(".learn .curves path").count(), all);
    // Another setting is another run; the one before stays in the table.
    await vitrine.page.locator('[data-setting="experts"]').selectOption("2");
    await vitrine.page.waitForURL(/learn=shoppers:50,experts:2/);
    await vitrine.get("learn-step").click();
    await stands(vitrine, 1);
    assert.equal(await vitrine.get("learn-runs").locator("tbody tr").count(), 2);
    assert.equal(await vitrine.get("learn-gates").locator("figure").first().locator("path").count(), 2);
  }));

/** Counts the questions for the numbers of the machine, whichever worker they go to. */
const countQuestions = ({ page }) =>
  page.addInitScript(() => {
    const { postMessage } = Worker.prototype;
    globalThis.machineQuestions = 0;
    Worker.prototype.postMessage = function (message, ...more) {
      if (typeof message === "string" && message.includes('"machine":{')) globalThis.machineQuestions++;
      return postMessage.call(this, message, ...more);
    };
  });

test("the machine moves as it learns while its fold is open, and asks for nothing while that is closed", () =>
  withVitrine(stage, { link: learnLink(), prepare: countQuestions }, async (vitrine) => {
    const { page } = vitrine;
    const fold = vitrine.get("learn-machine");
    const summary = fold.locator(":scope > summary");
    const questions = () => page.evaluate(() => globalThis.machineQuestions);
    const drawn = (step) =>
      until(vitrine, (step) => document.querySelector('[data-testid="learn-machine"] .machine')?.dataset.step === String(step), step);
    // A step that takes the focus from nothing.
    const press = async (step) => {
      await page.locator('[data-testid="learn-step"]:enabled').waitFor();
      await vitrine.get("learn-step").evaluate((button) => button.click());
      await stands(vitrine, step);
    };
    await vitrine.ready();
    assert.equal(await fold.count(), 0, "nothing learns yet");
    await learn(vitrine, 2);
    assert.equal(await questions(), 0);
    await summary.click();
    await drawn(2);
    assert.ok((await questions()) > 0);
    const items = fold.locator('[role="tree"] [role="treeitem"]');
    const levels = await items.evaluateAll((all) => all.map((one) => one.getAttribute("aria-level")).join(""));
    assert.equal(levels, `12${"3".repeat(16)}`, "the funnel, the ranker, its parts");
    assert.equal(await fold.locator(".part.moved").count(), 0);

    await fold.locator('[data-part="gates"]').click();
    await fold.locator('[data-part="gates"][aria-selected="true"]').waitFor();
    const numbers = async () => [
      await vitrine.get("machine-part").locator(".vector li small").allInnerTexts(),
      await fold.locator('[data-part="utility"]').innerText(),
    ];
    const early = await numbers();
    assert.ok(early[0].length >= 8, "a weight for each expert and task");
    await press(3);
    await press(4);
    await drawn(4);
    assert.notDeepEqual(await numbers(), early);
    // What was opened and focused is the same, and what moved is ringed.
    assert.equal(await fold.locator('[data-part="gates"][aria-selected="true"]').count(), 1);
    assert.equal(await page.evaluate(() => document.activeElement.id), "machine-item-ranker-gates");
    const moved = await fold.locator(".part.moved").count();
    assert.ok(moved >= 1 && moved <= 3, `${moved}`);
    assert.match(await vitrine.get("learn-machine-said").innerText(), /^Compared with step 2, these parts moved most: /);

    // Closed, it asks for nothing; open again, it has what was learned meanwhile.
    await summary.click();
    await until(vitrine, () => !document.querySelector('[data-testid="learn-machine"] [role="tree"]'));
    const before = await questions();
    for (const step of [5, 6, 7, 8]) await press(step);
    await looks(vitrine, 5);
    await page.waitForTimeout(1500);
    assert.equal(await questions(), before);
    await summary.click();
    await drawn(8);
    // While it goes on, the machine does, too.
    await vitrine.get("learn-go").click();
    await until(vitrine, () => Number(document.querySelector('[data-testid="learn-machine"] .machine').dataset.step) > 8);
    // Downwards on a phone, and a list where there is no room for that.
    for (const [width, listed] of [[390, 0], [320, 1]]) {
      await page.setViewportSize({ width, height: 720 });
      await until(vitrine, (listed) => document.querySelectorAll('[data-testid="learn-machine"] .drawing.listed').length === listed, listed);
      const wide = await fold.evaluate((one) => one.scrollWidth - one.clientWidth);
      assert.ok(wide <= 1, `${wide} pixels too wide at ${width}`);
    }
  }));

const begin = usePage(stage);

for (const [system, setting] of [["moppr", "tau"], ["yandex", "context"], ["mlpr", "weighting"]])
  test(`${system} learns by settings of its own, to the numbers of the command line`, async () => {
    const vitrine = await begin("?v=1&backend=cpu&q=couch&panel=learn");
    const shown = (key) => vitrine.page.locator(`[data-setting="${key}"]`).count();
    await vitrine.page.locator('[data-setting="lambda"]').waitFor();
    assert.deepEqual([await shown("lambda"), await shown(setting)], [1, 0]);
    await vitrine.get("learn-system").selectOption(system);
    await vitrine.page.waitForURL(new RegExp(`learn=system:${system}`));
    assert.deepEqual([await shown("lambda"), await shown(setting)], [0, 1]);
    await vitrine.page.locator('[data-setting="shoppers"]').selectOption("50");
    await vitrine.page.waitForURL(/shoppers:50/);
    await learn(vitrine, 4);
    const native = SYSTEMS[system];
    assert.ok((await status(vitrine)).includes(native.views.toLocaleString("en")), await status(vitrine));
    const { losses } = await run(vitrine);
    assert.equal(losses.length, 4);
    losses.forEach((loss, step) => {
      const expected = native.losses[step];
      assert.ok(Math.abs(loss - expected) < 2e-3 * Math.max(1, expected), `${step}: ${loss}, not ${expected}`);
    });
    await curves(vitrine, 2);
    // The machine is drawn of what learns.
    const fold = vitrine.get("learn-machine");
    await fold.evaluate((one) => (one.open = true));
    const [own, other] = system === "mlpr" ? ["ranker", "retriever"] : ["retriever", "ranker"];
    await fold.locator(`[data-testid="machine-${own}"] .part`).first().waitFor({ timeout: 60_000 });
    assert.equal(await fold.locator(`[data-testid="machine-${other}"]`).count(), 0);
    await fold.evaluate((one) => (one.open = false));
  });

test("a recipe that there is none of is said, and the nearest taken", () =>
  withVitrine(stage, { link: "?v=1&backend=cpu&q=couch&panel=learn&learn=experts:1000000,rate:NaN,shoppers:0" }, async (vitrine) => {
    await vitrine.ready();
    const value = (key) => vitrine.page.locator(`[data-setting="${key}"]`).inputValue();
    assert.deepEqual([await value("experts"), await value("rate"), await value("shoppers")], ["8", "0.002", "50"]);
    for (const wrong of [/experts:1000000/, /rate:NaN/, /shoppers:0/]) await vitrine.notice(wrong);
    // What does nothing as the others stand can't be turned.
    await vitrine.get("learn-system").selectOption("mlpr");
    await vitrine.page.locator('[data-setting="lambda-cart"]:disabled').waitFor();
    await vitrine.page.locator('[data-setting="weighting"]').selectOption("1");
    await vitrine.page.locator('[data-setting="lambda-cart"]:enabled').waitFor();
  }));

test("a trainer that can't be had, or dies, is said, and another begins", () =>
  withVitrine(
    stage,
    {
      allow: [/trainer/, /404/],
      link: learnLink(),
      prepare: () => stage.server.faults.set("trainer_bg.wasm", { status: 404 }),
    },
    async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("learn-step").click();
      const notice = vitrine.page.locator('.learn [data-key="learn"]');
      await notice.waitFor();
      assert.match(await notice.innerText(), /trainer/i);
      stage.server.faults.clear();
      await vitrine.get("learn-step").click();
      await stands(vitrine, 1);
      assert.equal(await notice.count(), 0);
    },
  ));
