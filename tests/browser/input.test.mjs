// Typing, pointing and hearing, as people's machines do it: input methods, keyboards with other
// letters, touch, translators, screen readers.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { listen, spoken, translate } from "./support/assistive.mjs";
import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);

const settled = (page) => page.waitForTimeout(600);

/** Composes a text in the box that has the focus, as an input method does: each state in turn. */
async function compose(client, states) {
  for (const text of states) {
    await client.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  }
}

describe("an input method", () => {
  test("searches once, for what was composed, and its Enter chooses nothing", async () => {
    const vitrine = await begin("?v=1&q=lamp");
    const { page } = vitrine;
    const client = await page.context().newCDPSession(page);
    const box = vitrine.get("query");
    await box.fill("");
    await vitrine.rest();
    const before = await vitrine.run();
    await box.focus();
    await compose(client, ["n", "nv", "nvx", "nvxi", "nvxie"]);
    // The key with which an input method takes what is composed.
    await box.dispatchEvent("keydown", { key: "ArrowDown", keyCode: 229, isComposing: true });
    await box.dispatchEvent("keydown", { key: "Enter", keyCode: 229, isComposing: true });
    await settled(page);
    assert.equal(await vitrine.run(), before, "nothing is searched while it composes");
    await vitrine.after(() => client.send("Input.insertText", { text: "女鞋" }));
    assert.equal(await box.inputValue(), "女鞋");
    assert.equal(await vitrine.run(), before + 1);
  });

  test("composes in the studio's search as well", async () => {
    const vitrine = await begin("?v=1&q=lamp&panel=explain");
    const { page } = vitrine;
    const client = await page.context().newCDPSession(page);
    await vitrine.get("pick").focus();
    await compose(client, ["s", "so", "sof"]);
    await vitrine.get("pick").dispatchEvent("keydown", { key: "Escape", keyCode: 229, isComposing: true, bubbles: true });
    await settled(page);
    assert.equal(await vitrine.get("picked").count(), 0, "nothing is found while it composes");
    assert.ok(await vitrine.get("studio").isVisible(), "Escape was the input method's");
    await client.send("Input.insertText", { text: "sofa" });
    await vitrine.get("picked").waitFor();
  });
});

describe("the shortcuts", () => {
  const press = (page, init) =>
    page.evaluate((init) => {
      const target = document.activeElement ?? document.body;
      const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ctrlKey: true, ...init });
      target.dispatchEvent(event);
      return event.defaultPrevented;
    }, init);

  for (const [where, init] of [
    ["on a Russian keyboard", { key: "я", code: "KeyZ" }],
    ["on a German keyboard", { key: "z", code: "KeyY" }],
    ["on a French keyboard", { key: "z", code: "KeyW" }],
    ["with capitals locked", { key: "Z", code: "KeyZ" }],
  ]) {
    test(`${where} undo`, async () => {
      const vitrine = await begin("?v=1&q=lamp");
      // What follows fast is one step with what was done before.
      await vitrine.page.waitForTimeout(1000);
      const before = await vitrine.scores();
      await vitrine.after(() => vitrine.set("weight-click", 0));
      await vitrine.after(() => press(vitrine.page, init));
      assert.deepEqual(await vitrine.scores(), before);
    });
  }

  test("leave boxes and what types a letter alone", async () => {
    const vitrine = await begin("?v=1&q=lamp&panel=explain");
    const { page } = vitrine;
    const untouched = await vitrine.scores();
    await vitrine.after(() => vitrine.set("weight-click", 0));
    const after = await vitrine.scores();
    assert.notDeepEqual(after, untouched);
    const same = async (why) => {
      await settled(page);
      assert.deepEqual(await vitrine.scores(), after, why);
    };
    assert.equal(await press(page, { key: "z", code: "KeyZ", altKey: true }), false, "Ctrl+Alt is AltGr");
    await same("Ctrl+Alt+Z");
    for (const box of [vitrine.get("query"), vitrine.get("pick")]) {
      await box.focus();
      assert.equal(await press(page, { key: "z", code: "KeyZ" }), false);
      await same("in a box");
    }
    await page.getByRole("tab", { name: "Share" }).click();
    await page.locator('#studio input[type="number"]').first().focus();
    assert.equal(await press(page, { key: "z", code: "KeyZ" }), false);
    await same("in a number");
  });
});

describe("a suggestion", () => {
  const suggested = async (vitrine) => {
    await vitrine.get("query").fill("so");
    await vitrine.rest();
    return vitrine.page.getByRole("option");
  };

  test("is chosen by the primary button, when it is let go on the same row", async () => {
    const vitrine = await begin("?v=1&q=lamp");
    const rows = await suggested(vitrine);
    const { mouse } = vitrine.page;
    const box = vitrine.get("query");
    await rows.nth(1).click({ button: "right" });
    assert.equal(await box.inputValue(), "so");
    await rows.nth(0).hover();
    await mouse.down();
    assert.equal(await box.inputValue(), "so", "not on the press");
    await rows.nth(2).hover();
    await mouse.up();
    assert.equal(await box.inputValue(), "so", "the press left its row");
    const text = (await rows.nth(1).innerText()).trim();
    await vitrine.after(() => rows.nth(1).click());
    assert.equal(await box.inputValue(), text);
  });

  test("is chosen by a finger", () =>
    withVitrine(stage, { link: "?v=1&q=lamp", context: { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } } }, async (vitrine) => {
      await vitrine.ready();
      const rows = await suggested(vitrine);
      const text = (await rows.nth(1).innerText()).trim();
      await vitrine.after(() => rows.nth(1).tap());
      assert.equal(await vitrine.get("query").inputValue(), text);
    }));
});

describe("the map", () => {
  const withMap = (context, use) =>
    withVitrine(stage, { context, link: "?v=1&q=couch&panel=map" }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.page.waitForFunction(() => document.querySelector('[data-testid="map"]')?.dataset.values);
      await vitrine.still();
      await use(vitrine.page, vitrine.get("map"));
    });
  /** What is drawn, to see whether it moved. */
  const drawn = (map) => map.evaluate((canvas) => canvas.toDataURL());
  /** Waits until something else is drawn than was. */
  const redrawn = (page, was) => page.waitForFunction((was) => document.querySelector('[data-testid="map"]').toDataURL() !== was, was);
  /** Where it stands once it has stood still for some frames: what a finger has scrolled goes on by itself. */
  const scrolled = (map) =>
    map.evaluate(async (canvas) => {
      const top = () => canvas.getBoundingClientRect().top;
      for (let [last, still] = [top(), 0]; still < 8; last = top()) {
        await new Promise((wake) => requestAnimationFrame(() => setTimeout(wake, 20)));
        still = top() === last ? still + 1 : 0;
      }
      return top();
    });
  const wheel = (map, init) =>
    map.evaluate((canvas, init) => {
      const { left, top } = canvas.getBoundingClientRect();
      const event = new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY: -120, clientX: left + 90, clientY: top + 60, ...init });
      canvas.dispatchEvent(event);
      return event.defaultPrevented;
    }, init);

  test("leaves the wheel to the page until it is clicked into or Ctrl is held, and says so", () =>
    withMap({}, async (page, map) => {
      await map.scrollIntoViewIfNeeded();
      assert.match(await page.getByTestId("map-how").innerText(), /Ctrl/);
      const before = await drawn(map);
      assert.equal(await wheel(map, {}), false);
      assert.equal(await drawn(map), before);
      assert.equal(await wheel(map, { ctrlKey: true }), true);
      await redrawn(page, before);
      await map.click({ position: { x: 40, y: 40 } });
      assert.equal(await wheel(map, {}), true, "clicked into");
      await map.press("Escape");
      assert.equal(await wheel(map, {}), false, "left by Escape");
      assert.ok(await page.getByTestId("studio").isVisible());
    }));

  test("scrolls the page under one finger, and moves under two", () =>
    withMap({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } }, async (page, map) => {
      const client = await page.context().newCDPSession(page);
      await map.evaluate((canvas) => canvas.scrollIntoView({ block: "center" }));
      const from = await scrolled(map);
      const box = await map.boundingBox();
      const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      const touch = (type, ...touchPoints) => client.send("Input.dispatchTouchEvent", { type, touchPoints });
      await touch("touchStart", { ...middle, id: 0 });
      for (let y = 10; y <= 120; y += 10) {
        await touch("touchMove", { x: middle.x, y: middle.y - y, id: 0 });
      }
      await touch("touchEnd");
      await page.waitForFunction((from) => document.querySelector('[data-testid="map"]').getBoundingClientRect().top < from - 40, from);
      await scrolled(map);
      await map.evaluate((canvas) => canvas.scrollIntoView({ block: "center" }));
      const still = await scrolled(map);
      await touch("touchStart", { x: middle.x - 30, y: middle.y, id: 0 });
      await touch("touchStart", { x: middle.x - 30, y: middle.y, id: 0 }, { x: middle.x + 30, y: middle.y, id: 1 });
      const before = await drawn(map);
      for (let by = 5; by <= 60; by += 5) {
        await touch("touchMove", { x: middle.x - 30 - by, y: middle.y + by, id: 0 }, { x: middle.x + 30 + by, y: middle.y + by, id: 1 });
      }
      await touch("touchEnd");
      await redrawn(page, before);
      assert.equal(await scrolled(map), still, "two fingers are the map's");
    }));

  test("and the charts are as sharp as the screen that the window is taken to", () =>
    withMap({ viewport: { width: 1440, height: 900 } }, async (page) => {
      const widths = () =>
        page.evaluate(() => [...document.querySelectorAll("canvas")].filter((c) => c.clientWidth > 0).map((c) => c.width / c.clientWidth));
      assert.ok((await widths()).every((ratio) => Math.abs(ratio - 1) < 0.02));
      const client = await page.context().newCDPSession(page);
      // With the width, without which the emulated screen tells no media query.
      await client.send("Emulation.setDeviceMetricsOverride", { width: 1400, height: 900, deviceScaleFactor: 2, mobile: false });
      await page.waitForFunction(() => {
        const shown = [...document.querySelectorAll("canvas")].filter((canvas) => canvas.clientWidth > 0);
        return shown.length > 1 && shown.every((canvas) => Math.abs(canvas.width / canvas.clientWidth - 2) < 0.02);
      });
    }));
});

describe("a translator in the browser", () => {
  test("leaves numbers, badges, names and order right", () =>
    withVitrine(stage, { link: "?v=1&q=couch&look=2" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      /** What is said, in capitals, for a translator changes words. */
      const said = () =>
        page.evaluate(() => {
          const text = (selector) =>
            [...document.querySelectorAll(selector)].map((e) => e.textContent.trim().replace(/\s+/g, " ").toUpperCase());
          const shelf = [...document.querySelectorAll('[data-testid="product"]')];
          shelf.sort((a, b) => a.dataset.rank - b.dataset.rank);
          const card = (card) => [".title", ".place", ".facts", ".origin"].map((part) => card.querySelector(part).textContent.trim());
          return {
            cards: shelf.map(card),
            order: [...document.querySelectorAll('[data-testid="shelf"] > *')].map((card) => card.dataset.rank),
            heading: text(".shelf-area .heading h1"),
            pages: text(".pager span"),
            tiers: text(".tiers"),
            knobs: text(".knob .value"),
            history: text(".history .heading > p:not(.legend)"),
            counts: text(".funnel strong"),
            experts: text(".utilisation :is(.figure, .name)"),
            apart: text('[data-testid="score-breakdown"]'),
            request: text(".pieces, .rows .what"),
            shopper: text(".who .about, .who .chips"),
          };
        });
      const act = async () => {
        await vitrine.after(() => vitrine.set("weight-click", 0.2));
        await vitrine.after(() => vitrine.set("ranker", "mlpr"));
        await vitrine.search("lamp");
        await vitrine.after(() => vitrine.set("shopper", "robin"));
        await vitrine.after(() => vitrine.get("product").nth(2).locator('[data-act="cart"]').click());
        await vitrine.after(() => vitrine.get("look-inside").nth(1).click());
      };
      await act();
      const right = await said();
      await vitrine.open("?v=1&q=couch&look=2");
      await vitrine.ready();
      assert.ok((await translate(page)) > 50);
      await act();
      assert.deepEqual(await said(), right);
      right.cards.forEach(([, place], number) => assert.equal(place, String(number + 1)));
    }));
});

describe("what is spoken", () => {
  test("of another request is what was found, and nothing of moves", () =>
    withVitrine(stage, { link: "?v=1&q=couch" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      const first = () => vitrine.get("product").first().locator(".title").innerText();
      const told = (title) => page.waitForFunction((title) => document.querySelector('[data-testid="moves"]')?.textContent === title, title);
      await told(`20 products on this page. First: ${await first()}`);
      await listen(page);
      await vitrine.search("lamp");
      await told(`20 products on this page. First: ${await first()}`);
      assert.equal((await spoken(page)).length, 1);
    }));

  test("of a slider that is moved is its own value, and once what moved", () =>
    withVitrine(stage, { link: "?v=1&q=couch" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      // What the shelf holds at first is told too.
      await page.waitForFunction(() => document.querySelector('[data-testid="moves"]')?.textContent);
      await listen(page);
      const slider = vitrine.get("weight-click");
      await slider.focus();
      for (let step = 0; step < 20; step++) {
        await slider.press("ArrowLeft");
        await page.waitForTimeout(60);
      }
      await vitrine.rest();
      await page.waitForTimeout(1500);
      const said = await spoken(page);
      assert.equal(said.length, 1, JSON.stringify(said));
      assert.match(said[0], /moved/);
      assert.equal(await slider.inputValue(), await page.locator(".knob:has([data-testid='weight-click']) .value").innerText().then((t) => String(Number(t))));
    }));
});

describe("a hint", () => {
  const boxes = (page, testid) =>
    page.evaluate((testid) => {
      const knob = document.querySelector(`[data-testid="${testid}"]`).closest(".knob");
      const box = (element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return { left, top, right, bottom };
      };
      const controls = [...document.querySelectorAll(".knob input, .knob select")].filter((e) => e.getClientRects().length > 0);
      return { hint: box(knob.querySelector(".about")), controls: controls.map(box) };
    }, testid);
  const covers = ({ hint, controls }) =>
    controls.filter((c) => c.left < hint.right && c.right > hint.left && c.top < hint.bottom && c.bottom > hint.top).length;

  for (const width of [1440, 1024, 390]) {
    test(`at ${width} covers no control, can be pointed at, and is closed by Escape`, async () => {
      const vitrine = await begin("?v=1&q=couch", { width, height: 800 });
      const { page } = vitrine;
      if (width < 1100) {
        const open = page.locator('[data-tab="knobs"]');
        if ((await open.getAttribute("aria-pressed")) !== "true" && !(await vitrine.get("weight-click").isVisible())) {
          await open.click();
        }
      }
      const knob = page.locator(".knob", { has: vitrine.get("weight-click") }).first();
      const hint = knob.locator(".about");
      await knob.locator("label").hover();
      await hint.waitFor();
      assert.equal(covers(await boxes(page, "weight-click")), 0);
      await hint.hover();
      await page.waitForTimeout(700);
      assert.ok(await hint.isVisible(), "the pointer reaches it");
      await page.keyboard.press("Escape");
      await hint.waitFor({ state: "hidden" });
      await vitrine.get("weight-exposure").focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Shift+Tab");
      await page.locator(".knob .about.open").waitFor();
      await page.keyboard.press("Escape");
      assert.equal(await page.locator(".knob .about.open").count(), 0);
    });
  }

  test("opens under a finger", () =>
    withVitrine(stage, { context: { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } }, link: "?v=1&q=couch" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      if (!(await vitrine.get("weight-click").isVisible())) {
        await page.locator('[data-tab="knobs"]').tap();
      }
      const knob = page.locator(".knob", { has: vitrine.get("weight-click") }).first();
      await knob.locator("label").tap();
      await knob.locator(".about").waitFor();
      assert.equal(covers(await boxes(page, "weight-click")), 0);
    }));
});
