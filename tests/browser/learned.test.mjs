// What comes of runs: laid over each other, ranked with as a choice of the state, saved and opened as files,
// kept over a closed tab and a dead trainer, and gone on with in the background.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { learn, learnLink, looks, pause, ranked, retrieved, run, stands, until } from "./support/learning.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const LINK = learnLink();
const KEPT = "vitrine-run";
/** Changes that follow each other by less are one step to undo, in milliseconds. */
const GESTURE = 1000;

const losses = async (vitrine) => (await run(vitrine)).losses;
const rows = (vitrine) => vitrine.get("learn-runs").locator("tbody tr");

test("learned weights are a choice of the state: beside what ships, undone, and said where there are none", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    const shipped = await vitrine.scores();
    await learn(vitrine, 2);
    await vitrine.get("learn-on-shelf").check();
    await vitrine.page.waitForURL(/weights=learned/);
    await ranked(vitrine, true);
    const learned = await vitrine.scores();
    assert.notDeepEqual(learned, shipped);

    // Side by side: the pin goes on with what was learned.
    await vitrine.page.waitForTimeout(GESTURE);
    await vitrine.page.locator("#tab-compare").click();
    await vitrine.get("pin").click();
    await vitrine.page.waitForTimeout(GESTURE);
    await vitrine.after(() => vitrine.set("weights", "shipped"));
    assert.deepEqual(await vitrine.scores(), shipped);
    const order = (scores) => scores.map((score) => score.split(" ")[0]);
    // The panel has an engine of its own.
    await until(
      vitrine,
      (first) =>
        Object.entries(first).every(([name, ids]) => {
          const rows = [...document.querySelectorAll(`[data-testid="column"][data-column="${name}"] li`)];
          return ids.every((id, at) => rows[at]?.dataset.productId === id);
        }),
      { A: order(learned).slice(0, 20), Now: order(shipped).slice(0, 20) },
    );
    assert.match(await vitrine.page.locator(".compare .head").first().innerText(), /Weights: Learned in this tab/);

    await vitrine.get("undo").click();
    await vitrine.page.waitForURL(/[&#]weights=learned/);
    await ranked(vitrine, true);
    assert.deepEqual(await vitrine.scores(), learned);

    // A tab that has no such weights says so, and ranks with what ships.
    const { href } = await vitrine.page.evaluate(() => ({ href: location.href }));
    await vitrine.page.evaluate((key) => localStorage.removeItem(key), KEPT);
    await vitrine.page.goto("about:blank");
    await vitrine.page.goto(href.replace("panel=compare", "panel=learn"));
    await vitrine.ready();
    await vitrine.notice(/^learned-missing/);
    assert.deepEqual(await vitrine.scores(), shipped);
    await vitrine.get("learn-lacks").waitFor();
    assert.equal(await vitrine.page.locator('[data-setting="shoppers"]').inputValue(), "50");
    // The recipe in the link is learned, to the same weights.
    await learn(vitrine, 2);
    await ranked(vitrine, true);
    assert.deepEqual(await vitrine.scores(), learned);
    assert.equal(await vitrine.get("learn-lacks").count(), 0);
  }));

test("what MOPPR learns retrieves the shelf as it learns, and gives it back", () =>
  withVitrine(stage, { link: learnLink().replace("learn=", "learn=system:moppr,") }, async (vitrine) => {
    await vitrine.ready();
    const shipped = await vitrine.scores();
    await learn(vitrine, 2);
    await vitrine.get("learn-on-shelf").check();
    await vitrine.page.waitForURL(/retriever-weights=learned/);
    await retrieved(vitrine, true);
    const early = await vitrine.scores();
    assert.notDeepEqual(early, shipped);
    // They are one set of towers, and it says so beside the sliders of the objectives.
    await vitrine.page.getByText("One learned set: choose what ships").first().waitFor({ state: "attached" });
    // At each look the shelf is retrieved anew.
    for (const step of [3, 4]) {
      await vitrine.page.locator('[data-testid="learn-step"]:enabled').waitFor();
      await vitrine.get("learn-step").click();
      await stands(vitrine, step);
    }
    await looks(vitrine, 4);
    for (let tries = 0; tries < 60 && String(await vitrine.scores()) === String(early); tries++)
      await vitrine.page.waitForTimeout(500);
    await vitrine.rest();
    const late = await vitrine.scores();
    assert.notDeepEqual(late, early);

    await vitrine.page.waitForTimeout(GESTURE);
    await vitrine.get("learn-on-shelf").uncheck();
    await retrieved(vitrine, false);
    assert.deepEqual(await vitrine.scores(), shipped);
    await vitrine.page.waitForTimeout(GESTURE);
    await vitrine.get("undo").click();
    await retrieved(vitrine, true);
    assert.deepEqual(await vitrine.scores(), late);

    // What ships, opened as a file, is what ships.
    const file = await readFile(new URL("../../assets/moppr.safetensors", import.meta.url));
    await vitrine.get("open-weights").setInputFiles({ name: "towers.safetensors", mimeType: "application/octet-stream", buffer: file });
    const row = vitrine.get("learn-brought");
    await row.getByTestId("learn-rank").click();
    await until(vitrine, () => document.querySelector('[data-testid="learn-brought"] [data-testid="learn-rank"]').getAttribute("aria-pressed") === "true");
    for (let tries = 0; tries < 60 && String(await vitrine.scores()) !== String(shipped); tries++)
      await vitrine.page.waitForTimeout(500);
    assert.deepEqual(await vitrine.scores(), shipped);
    // What it comes to is measured, but for how far it agrees with itself.
    await until(vitrine, () => /0\.\d{3}/.test(document.querySelector('[data-testid="learn-brought"]').textContent));

    // A tab that has none says so, and retrieves with what ships.
    const { href } = await vitrine.page.evaluate(() => ({ href: location.href }));
    await vitrine.page.evaluate((key) => localStorage.removeItem(key), KEPT);
    await vitrine.page.goto("about:blank");
    await vitrine.page.goto(href);
    await vitrine.ready();
    await vitrine.notice(/^towers-missing/);
    assert.deepEqual(await vitrine.scores(), shipped);
    await vitrine.get("learn-lacks-towers").waitFor();
  }));

test("runs are laid over each other, with what tells them apart and the best of each column", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    await learn(vitrine, 2);
    assert.match(await vitrine.get("learn-auc-click").getByTestId("learn-ships").innerText(), /what ships: 0\.\d{3}/);
    assert.match(await vitrine.get("learn-auc-order").getByTestId("learn-ships").innerText(), /what ships: 0\.\d{3}/);
    assert.equal(await vitrine.get("learn-auc-click").locator("path.ships").count(), 2, "the line, and its key");
    await vitrine.page.locator('[data-setting="experts"]').selectOption("2");
    await learn(vitrine, 4);
    assert.equal(await rows(vitrine).count(), 2);
    assert.equal(await vitrine.get("learn-apart").count(), 0);
    assert.equal(await vitrine.get("learn-auc-click").locator(".curves path").count(), 3);
    await vitrine.page.locator('tr[data-run="A"] input').check();
    assert.match(await vitrine.get("learn-apart").innerText(), /B differs from A: Experts: 2/);
    const classes = (section) =>
      vitrine.get(section).locator(".curves path").evaluateAll((all) => all.map((path) => path.getAttribute("class")));
    assert.deepEqual(await classes("learn-loss"), ["run-0", "run-1"]);
    assert.deepEqual(await classes("learn-auc-click"), ["run-0", "run-1", "ships"]);
    assert.equal(await vitrine.get("learn-auc-order").locator(".legend").innerText().then((text) => /A\s+B/.test(text)), true);
    // The best of each column is marked once, and it is the larger number.
    for (const column of [3, 4]) {
      const cells = await rows(vitrine).locator(`td:nth-child(${column + 1})`).allInnerTexts();
      const best = cells.filter((cell) => /best/.test(cell));
      assert.equal(best.length, 1, cells.join());
      assert.equal(parseFloat(best[0]), Math.max(...cells.map(parseFloat)));
    }
    // Another system's run stands in a table of its own, and is laid over nothing; its switch is a retriever's.
    await vitrine.get("learn-system").selectOption("moppr");
    await vitrine.page.locator('[data-setting="shoppers"]').selectOption("50");
    await learn(vitrine, 1);
    const tables = () => vitrine.get("learn-runs").locator("table").evaluateAll((all) => all.map(({ dataset }) => dataset.system));
    assert.deepEqual(await tables(), ["moppr", "dmt"]);
    assert.match(await vitrine.get("learn-recall-click").getByTestId("learn-ships").innerText(), /what ships: 0\.\d{3}/);
    assert.equal(await vitrine.page.locator("label:has([data-testid=learn-on-shelf])").innerText(), "Retrieve the shelf with it");
    assert.equal(await vitrine.page.locator('tr[data-run="C"]').getByTestId("learn-rank").innerText(), "Retrieve with it");
    assert.equal(await vitrine.page.locator('tr[data-run="A"] input').isDisabled(), true);
    assert.deepEqual(await classes("learn-loss"), ["now"]);
    // Its own settings again, and a run that is laid over A and B again.
    await vitrine.page.locator('tr[data-run="B"]').getByRole("button").last().click();
    await learn(vitrine, 1);
    assert.deepEqual(await tables(), ["dmt", "moppr"]);
    assert.deepEqual(await classes("learn-loss"), ["run-0", "run-3"]);
    // The older run's weights can be ranked with, too.
    await vitrine.page.locator('tr[data-run="A"]').getByTestId("learn-rank").click();
    await ranked(vitrine, true);
    const first = await vitrine.scores();
    assert.equal(await vitrine.get("learn-on-shelf").isChecked(), false);
    await vitrine.page.locator('tr[data-run="D"]').getByTestId("learn-rank").click();
    await until(vitrine, () => document.querySelector('[data-testid="learn-on-shelf"]').checked);
    await vitrine.rest();
    assert.notDeepEqual(await vitrine.scores(), first);
    assert.equal(await vitrine.get("expert-utilisation").first().getAttribute("data-values").then((text) => JSON.parse(text)[0].length), 2);
  }));

test("weights are saved, opened again and ranked with; what are none of ours is said, and nothing lost", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    const shipped = await vitrine.scores();
    await learn(vitrine, 2);
    await vitrine.get("learn-on-shelf").check();
    await ranked(vitrine, true);
    const learned = await vitrine.scores();
    const coming = vitrine.page.waitForEvent("download");
    await vitrine.get("learn-save").click();
    const saved = await readFile(await (await coming).path());
    await vitrine.get("learn-on-shelf").uncheck();
    await ranked(vitrine, false);

    const open = (name, buffer) =>
      vitrine.get("open-weights").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    const says = (pattern) =>
      until(vitrine, (source) => new RegExp(source).test(document.querySelector('[data-testid="weights-said"]').textContent), pattern.source);
    const asset = (name) => readFile(new URL(`../../assets/${name}`, import.meta.url));
    const header = Number(saved.readBigUInt64LE());
    const seeded = Buffer.from(saved);
    const at = saved.indexOf('market_seed\\":1');
    assert.ok(at > 0 && at < header);
    seeded.write("7", at + 'market_seed\\":'.length);
    const told = (from, to) => {
      const place = saved.indexOf(from);
      assert.ok(place > 0 && place < header && from.length === to.length, from);
      const other = Buffer.from(saved);
      other.write(to, place);
      return other;
    };
    // The widths of an array the other way round, and as many heads as do not ship.
    const [shape, wide, high] = /"dtype":"I8","shape":\[(\d+),(\d+)\]/.exec(
      saved.toString("latin1", 0, header).replace(/"shape":\[(\d+),\1\]/g, "square"),
    );
    const turned = shape.replace(`[${wide},${high}]`, `[${high},${wide}]`);
    for (const [name, bytes, pattern] of [
      ["notes.safetensors", Buffer.from("to be or not"), /notes\.safetensors was not opened\. That is no file of weights/],
      ["nothing.safetensors", Buffer.alloc(0), /nothing\.safetensors was not opened\. That is no file of weights/],
      ["half.safetensors", saved.subarray(0, saved.length / 2), /half\.safetensors was not opened\. The file of weights is cut short/],
      ["types.safetensors", await asset("query-category.safetensors"), /types\.safetensors was not opened\. It holds weights of “query-category”/],
      ["other-shop.safetensors", seeded, /other-shop\.safetensors was not opened\. Its weights were learned on another catalogue/],
      ["turned.safetensors", told(shape, turned), /turned\.safetensors was not opened\. .* has shape \[\d+(, \d+)?\] in place of/],
      ["heads.safetensors", told('heads\\":2', 'heads\\":4'), /heads\.safetensors was not opened\. It holds networks of other sizes/],
    ]) {
      await open(name, bytes);
      await says(pattern);
      assert.equal(await vitrine.get("learn-brought").count(), 0);
    }
    assert.deepEqual(await vitrine.scores(), shipped);
    assert.equal(await rows(vitrine).count(), 1);

    await open("mine.safetensors", saved);
    await says(/mine\.safetensors is open/);
    const row = vitrine.get("learn-brought");
    assert.match(await row.innerText(), /mine\.safetensors · learned in a tab: shoppers:50/);
    await row.getByTestId("learn-rank").click();
    await ranked(vitrine, true);
    assert.deepEqual(await vitrine.scores(), learned);

    // What the command line trained, dropped on the page: it brings its variant with it.
    await vitrine.page.evaluate(
      (bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0))], "dropped.safetensors"));
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
      },
      (await asset("dmt-mmoe-unbiased.safetensors")).toString("base64"),
    );
    await says(/dropped\.safetensors is open/);
    await row.first().getByTestId("learn-rank").click();
    await vitrine.page.waitForURL(/bias-position=off/);
    await ranked(vitrine, true);
    const unbiased = await vitrine.scores();
    await vitrine.after(() => vitrine.set("weights", "shipped"));
    assert.deepEqual(await vitrine.scores(), unbiased, "it is the file that ships");
  }));

test("a run that a closed tab broke off is offered again, to the same numbers and with its last weights", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    const shipped = await vitrine.scores();
    await learn(vitrine, 2);
    await vitrine.get("learn-on-shelf").check();
    await ranked(vitrine, true);
    const learned = await vitrine.scores();
    const before = await losses(vitrine);
    await vitrine.get("learn-on-shelf").uncheck();
    await ranked(vitrine, false);

    await vitrine.page.reload();
    await vitrine.ready();
    const left = vitrine.get("learn-left");
    await left.waitFor();
    assert.match(await left.innerText(), /broken off at step 2 of \d+: .*Shoppers learned from: 50/);
    await vitrine.get("left-rank").click();
    await ranked(vitrine, true);
    assert.deepEqual(await vitrine.scores(), learned);
    assert.match(await vitrine.get("learn-brought").innerText(), /from your last visit/);

    await vitrine.page.reload();
    await vitrine.ready();
    await vitrine.get("left-again").click();
    await pause(vitrine, 4);
    const again = await losses(vitrine);
    assert.deepEqual(again.slice(0, before.length), before);
    assert.equal(await left.count(), 0);

    // What is forgotten does not come back.
    await vitrine.open(LINK);
    await vitrine.page.reload();
    await vitrine.ready();
    await vitrine.get("left-forget").click();
    assert.equal(await left.count(), 0);
    assert.equal(await vitrine.page.evaluate((key) => localStorage.getItem(key), KEPT), null);
    assert.deepEqual(await vitrine.scores(), shipped);
    // What nobody can read is passed over.
    await vitrine.page.evaluate((key) => localStorage.setItem(key, "1\nhuh"), KEPT);
    await vitrine.page.reload();
    await vitrine.ready();
    await vitrine.get("learn-go").waitFor();
    assert.equal(await left.count(), 0);
  }));

const begin = usePage(stage, { allow: [/killed/] });

test("in the background a run goes on, and says so", async () => {
  const vitrine = await begin(LINK);
  const hide = (hidden) =>
    vitrine.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await vitrine.get("learn-go").click();
  await looks(vitrine, 2);
  await hide(true);
  await until(vitrine, () => /in the background/.test(document.querySelector('[data-testid="learn-status"]').textContent));
  const before = (await losses(vitrine)).length;
  await until(
    vitrine,
    (before) => JSON.parse(document.querySelector('[data-testid="learn"]').dataset.run).losses.length > before + 1,
    before,
  );
  await hide(false);
  const said = await vitrine.get("learn-away").innerText();
  assert.ok(Number(/: ([\d,]+) steps/.exec(said)[1].replace(",", "")) >= 2, said);
  assert.doesNotMatch(await vitrine.get("learn-status").innerText(), /in the background/);
  await vitrine.get("learn-go").click();
});

test("a trainer that dies over a run leaves its recipe and its last weights", async () => {
  const vitrine = await begin(LINK);
  const shipped = await vitrine.scores();
  await vitrine.get("learn-anew").click();
  await vitrine.get("learn-go").click();
  await looks(vitrine, 3);
  const trainer = vitrine.page.workers().find((worker) => worker.url().includes("trainer"));
  await trainer.evaluate(() => void setTimeout(() => { throw new Error("killed"); }));
  const notice = vitrine.page.locator('.learn [data-key="learn"]');
  await notice.waitFor();
  assert.match(await notice.innerText(), /stopped/i);
  const before = await losses(vitrine);
  await vitrine.get("learn-left").waitFor();
  await vitrine.get("left-rank").click();
  await ranked(vitrine, true);
  assert.notDeepEqual(await vitrine.scores(), shipped);
  await vitrine.get("learn-step").click();
  await stands(vitrine, 1);
  assert.ok(Math.abs((await losses(vitrine))[0] - before[0]) < 1e-6);
  assert.equal(await notice.count(), 0);
});

test("a storage that is full or forbidden is said once, and the run goes on", () =>
  withVitrine(
    stage,
    {
      link: LINK,
      prepare: ({ page }) =>
        page.addInitScript((kept) => {
          const { setItem } = Storage.prototype;
          Storage.prototype.setItem = function (key, value) {
            if (key === kept) throw new DOMException("full", "QuotaExceededError");
            setItem.call(this, key, value);
          };
        }, KEPT),
    },
    async (vitrine) => {
      await vitrine.ready();
      await learn(vitrine, 2);
      const notice = vitrine.page.locator('[data-key="learn-not-kept"]');
      await notice.filter({ hasText: /The run goes on/ }).waitFor();
      assert.equal(await notice.count(), 1);
      assert.equal((await losses(vitrine)).length, 2);
    },
  ));
