// How it looks: what a machine can see of it, and pictures for people.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { describe } from "node:test";

import { picture, test, useStage } from "./support/browser.mjs";
import { PANELS, usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

/** From the smallest phone to a projector; 720 by 450 is a laptop at a zoom of 200 %. */
const OTHER_SIZES = [
  { width: 360, height: 640 },
  { width: 720, height: 450 },
  { width: 1240, height: 800 },
  { width: 2560, height: 1440 },
];

async function nothingSticksOut(page, where) {
  const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overhang <= 0, `${where}: ${overhang} pixels wider than the window`);
}

/** Waits until what a change brings is painted. */
const painted = (page) =>
  page.evaluate(() => new Promise((wake) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(wake)))));

/** What a panel is for, where a phone must show it beside products. */
const MAIN = {
  machine: '[role="treeitem"]',
  learn: '[data-testid="learn-go"]',
  map: '[data-testid="map"]',
  compare: '[data-testid="column"]',
  metrics: '[data-testid="metrics"] :is(table, progress, button)',
};

/** Products whose picture and title are in the window with nothing over them. */
const productsInSight = (page) =>
  page.evaluate(() => {
    const shown = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const at = document.elementFromPoint(left + width / 2, top + height / 2);
      return at !== null && (element.contains(at) || at.closest('[data-testid="product"]') === element.closest('[data-testid="product"]'));
    };
    const products = [...document.querySelectorAll('[data-testid="product"]')];
    return products.filter((product) => shown(product.querySelector(".picture")) && shown(product.querySelector(".title"))).length;
  });

/** What a lesson points at and has watched that is not in sight, and how few products are. Runs in the page. */
function lacking({ point, look }) {
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    // A good part of it, or all there is.
    const spots = [0.1, 0.3, 0.5].map((share) => box.top + Math.min(share * box.height, 100 * share + 4));
    return box.width > 0 && spots.some((y) => {
      const at = document.elementFromPoint(box.left + box.width / 2, y);
      return at !== null && (element.contains(at) || at.contains(element) && at.matches(".knob, .query, .who"));
    });
  };
  const all = (testid) => [...document.querySelectorAll(`[data-testid="${testid}"]`)];
  const uncovered = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + height / 2);
    return at !== null && (element.contains(at) || at.closest('[data-testid="product"]') === element.closest('[data-testid="product"]'));
  };
  const products = all("product").filter((product) => [".picture", ".title"].every((part) => uncovered(product.querySelector(part)))).length;
  const missing = [point, look].filter((testid) => testid && !all(testid).some(shown));
  return [...missing, ...(products >= 2 ? [] : [`${products} products`])].join(", ");
}

/** What is lacking once a step has been gone to: nothing, if for half a second within half a minute nothing was. */
async function settledOn(page, step) {
  await page.evaluate(`window.lacking = ${lacking}`);
  return page.evaluate(async (step) => {
    let [said, since] = ["", performance.now()];
    for (const end = performance.now() + 30_000; performance.now() < end && performance.now() < since + 500; ) {
      await new Promise((wake) => setTimeout(wake, 60));
      said = window.lacking(step);
      if (said) since = performance.now();
    }
    return said;
  }, step);
}

/** The steps of the lessons that point at something, one for each thing that they point at, with what is watched. */
async function steps() {
  const folder = new URL("../../assets/lessons/", import.meta.url);
  const found = new Map();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".md")).sort()) {
    const sections = (await readFile(new URL(file, folder), "utf8")).split("\n## ").slice(1);
    let state = "?v=1";
    sections.forEach((section, number) => {
      const set = (name) => section.match(new RegExp(`^${name} = "(.*)"$`, "m"))?.[1];
      state = set("state")?.replace("?", "?v=1&") ?? state;
      const [point, look] = [set("point"), set("look")];
      const key = `${point} ${look}`;
      if (point && !found.has(key)) {
        found.set(key, { step: `${file.replace(".md", "")}.${number + 1}`, state, point, look });
      }
    });
  }
  // What has something watched beside it holds what it is without.
  const all = [...found.values()];
  return all.filter(({ point, look }) => look || !all.some((other) => other.look && other.point === point));
}

/** Colours whose drawing is too like the ground of its picture to be told apart, on the shelf and in the history. Runs in the page. */
function contrasts(hexes) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const kindOf = (bright) => (bright > 0.82 ? "pale" : bright > 0.68 ? "light" : bright < 0.35 ? "deep" : "");
  const brightness = (hex) => [0.299, 0.587, 0.114].reduce((sum, weight, i) => sum + (weight * parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16)) / 255, 0);
  const faint = [];
  for (const [hex, place] of hexes.flatMap((hex) => [[hex, ""], [hex, "entry left-out"]])) {
    const around = document.createElement("div");
    around.className = place;
    const picture = document.createElement("span");
    picture.className = `picture ${kindOf(brightness(hex))}`;
    picture.style.setProperty("--tint", hex);
    const shape = document.createElement("i");
    shape.style.backgroundColor = "var(--m)";
    picture.append(shape);
    around.append(picture);
    document.body.append(around);
    const [a, b] = [getComputedStyle(picture).backgroundColor, getComputedStyle(shape).backgroundColor].map(luminance);
    around.remove();
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 1.9) faint.push(`${hex} ${place}: ${ratio.toFixed(2)}`);
  }
  return faint;
}

describe("the look", () => {
  const open = usePage(stage);

  test("at 1440, 1024 and 390, light and dark: nothing sticks out, everything has a name", async () => {
    // On a phone a sheet opens with what is looked into.
    const vitrine = await open("", SIZES[2]);
    const { page } = vitrine;
    await vitrine.after(() => vitrine.get("look-inside").first().click());
    for (const viewport of SIZES) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
        const name = `${viewport.width}-${colorScheme}`;
        await picture(page, `${name}-inside`);
        await nothingSticksOut(page, name);
        const nameless = await page.evaluate(() =>
          [...document.querySelectorAll("button, input, select, textarea, a[href], summary")]
            .filter(
              (element) =>
                !element.getAttribute("aria-label") &&
                !element.getAttribute("aria-labelledby") &&
                !element.textContent.trim() &&
                ![...(element.labels ?? [])].some((label) => label.textContent.trim()),
            )
            .map((element) => element.outerHTML),
        );
        assert.deepEqual(nameless, [], name);
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
  });

  for (const panel of ["", ...PANELS]) {
    test(`of ${panel || "the page alone"} from a phone to a projector: nothing sticks out`, async () => {
      const vitrine = await open(`?v=1&q=couch&look=2&panel=${panel}&a=q:lamp`, OTHER_SIZES[0]);
      const { page } = vitrine;
      if (panel) await vitrine.opened(panel);
      for (const viewport of OTHER_SIZES) {
        await page.setViewportSize(viewport);
        await painted(page);
        await nothingSticksOut(page, `${viewport.width} wide`);
      }
    });
  }

  for (const viewport of [...SIZES, { width: 320, height: 256 }]) {
    test(`at ${viewport.width} by ${viewport.height} something may lie over the shelf, and products stay in sight`, async () => {
      const vitrine = await open("?v=1&backend=cpu&q=shoes", viewport);
      const { page } = vitrine;
      const inSight = async (what) => {
        await vitrine.still();
        const products = await productsInSight(page);
        await picture(page, `sight-${viewport.width}-${what.replace(" ", "-")}`, { wrong: products < 2 });
        assert.ok(products >= 2, `${what}: ${products} products in sight`);
      };
      if (viewport.width <= 760) {
        for (const sheet of ["knobs", "insides"]) {
          await page.locator(`.tabs [data-tab="${sheet}"]`).click();
          await inSight(sheet);
          await page.locator(`.tabs [data-tab="${sheet}"]`).click();
        }
      }
      for (const panel of PANELS) {
        await vitrine.goTo(`?v=1&backend=cpu&q=shoes&panel=${panel}`);
        await page.locator(`#tab-${panel}[aria-selected="true"]`).waitFor();
        if (panel === "metrics") await vitrine.halt(panel);
        await inSight(panel);
        // On a phone what the panel is for is in sight beside them.
        if (viewport.width !== 390 || !MAIN[panel]) continue;
        await page.waitForFunction(
          (selector) =>
            [...document.querySelectorAll(selector)].some((element) => {
              const { left, top, width, height } = element.getBoundingClientRect();
              const at = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 24));
              return width > 0 && at !== null && element.contains(at);
            }),
          MAIN[panel],
        );
      }
      await vitrine.goTo("?v=1&backend=cpu&q=couch&panel=lessons&lesson=03-temperature.2");
      await vitrine.get("lesson-check").waitFor();
      await inSight("a lesson");
    });
  }

  // Each waits more than it computes.
  describe("in a lesson", { concurrency: 4 }, () => {
    for (const [name, viewport, more] of [...SIZES.map((size) => [size.width, size, ""]), ["a lecture", SIZES[0], "&lecture=on"]]) {
      test(`at ${name} what it points at, and what it has watched, is in sight with two products`, () =>
        withVitrine(stage, { context: { viewport }, link: "?v=1&backend=cpu&panel=lessons" }, async (vitrine) => {
          const { page } = vitrine;
          await vitrine.ready();
          const missing = [];
          for (const { step, state, point, look } of await steps()) {
            await vitrine.goTo(`${state}&backend=cpu&panel=lessons&lesson=${step}${more}`);
            await vitrine.rest();
            const lacks = await settledOn(page, { point, look });
            if (lacks) {
              await picture(page, `sight-${viewport.width}-${step}${more}`, { wrong: true });
              missing.push(`${step}: ${lacks}`);
            }
          }
          assert.deepEqual(missing, []);
        }));
    }
  });

  test("at a zoom of 400 % nothing lies over the query, and suggestions stay in the window", () =>
    withVitrine(stage, { context: { viewport: { width: 320, height: 256 } }, link: "?v=1&backend=cpu&q=nvxie" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      await vitrine.get("notice").first().waitFor();
      const query = vitrine.get("query");
      await query.click();
      await query.fill("s");
      const list = page.locator("#suggestions");
      await list.locator("li").nth(5).waitFor({ state: "attached" });
      const [box, height] = [await list.boundingBox(), 256];
      assert.ok(box.y >= 0 && box.y + box.height <= height && box.height >= 90, JSON.stringify(box));
      const over = await page.evaluate(() =>
        [...document.querySelectorAll("body *")].filter((element) => {
          const { position } = getComputedStyle(element);
          const { height, width } = element.getBoundingClientRect();
          return ["fixed", "sticky"].includes(position) && height > 60 && width > 200 && !element.closest("#suggestions");
        }).map((element) => element.className),
      );
      assert.deepEqual(over, []);
    }));

  test("buttons keep their names where there is no room to show them", async () => {
    const { page } = await open("?v=1&backend=cpu&q=couch", { width: 390, height: 844 });
    for (const name of ["Studio", "Share"]) {
      await page.getByRole("button", { name, exact: true }).waitFor();
    }
  });

  test("in forced colours what is on looks otherwise than what is off, and bars are drawn", () =>
    withVitrine(stage, { context: { viewport: SIZES[0], forcedColors: "active" }, link: "?v=1&backend=cpu&q=couch" }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      await vitrine.get("product").first().locator(".face").click();
      await page.locator(".card.chosen").waitFor();
      await picture(page, "forced-colours");
      const styles = (selector, ...names) =>
        page.locator(selector).first().evaluate(
          (element, [pseudo, names]) => names.map((name) => getComputedStyle(element, pseudo).getPropertyValue(name)),
          [undefined, names],
        );
      const on = await styles('input[role="switch"]:checked', "background-color");
      const off = await styles('input[role="switch"]:not(:checked)', "background-color");
      assert.notDeepEqual(on, off, "switches");
      const chosen = await styles(".segments input:checked + span", "background-color", "color");
      const others = await styles(".segments input:not(:checked) + span", "background-color", "color");
      assert.notDeepEqual(chosen, others, "segments");
      assert.notEqual(chosen[0], chosen[1]);
      assert.notDeepEqual(await styles(".card.chosen", "outline-style"), await styles(".card:not(.chosen)", "outline-style"), "cards");
      const drawn = await page.evaluate(() => {
        const ground = getComputedStyle(document.body).backgroundColor;
        const colour = (selector, pseudo) => getComputedStyle(document.querySelector(selector), pseudo).backgroundColor;
        return {
          bar: colour(".strip .bar.retriever", "::after") !== ground,
          part: colour(".card .score i") !== ground,
          column: colour(".utilisation .column", "::before") !== ground,
          track: getComputedStyle(document.querySelector('input[type="range"]')).forcedColorAdjust === "none",
        };
      });
      assert.deepEqual(drawn, { bar: true, part: true, column: true, track: true });

      // Which parts of the machine a knob moved, and which of them is opened.
      await vitrine.goTo("?v=1&backend=cpu&q=couch&panel=machine&part=ranker.gates");
      await page.waitForFunction(() => document.querySelector(".machine .part") && !document.querySelector(".machine.stale"));
      await vitrine.after(() => vitrine.set("gate-temperature", 5));
      await page.locator(".machine .part.moved").first().waitFor();
      const ring = ["outline-style", "outline-width", "outline-color", "border-style", "border-width", "border-color", "stroke", "stroke-width"];
      const moved = await styles('.machine .part.moved:not([aria-selected="true"])', ...ring);
      assert.notDeepEqual(moved, await styles('.machine .part:not(.moved, [aria-selected="true"])', ...ring), "a ring");
      assert.notDeepEqual(await styles('.machine .part.moved[aria-selected="true"]', ...ring), moved, "the part that is opened");
    }));

  test("a title on the shelf is shown whole, on every shelf", async () => {
    const vitrine = await open("?v=1&backend=cpu&q=couch", SIZES[0]);
    for (const query of ["laptop", "duvet cover", "headphones"]) {
      await vitrine.search(query);
      for (const viewport of SIZES) {
        await vitrine.page.setViewportSize(viewport);
        await painted(vitrine.page);
        const cut = await vitrine.page.locator(".card .title").evaluateAll((all) =>
          all.filter((title) => title.scrollHeight > title.clientHeight + 1).map((title) => title.textContent),
        );
        assert.deepEqual(cut, [], `${query}, ${viewport.width}`);
      }
    }
  });

  test("on a phone the open panel's tab is on show", async () => {
    const { page } = await open("?v=1&backend=cpu&q=couch&panel=papers", { width: 390, height: 844 });
    const inRow = () => {
      const tab = document.querySelector('[role="tab"][aria-selected="true"]');
      const [inner, outer] = [tab, tab?.parentElement].map((element) => element?.getBoundingClientRect());
      return tab?.id === "tab-papers" && inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
    };
    await page.waitForFunction(inRow);
  });

  test("a query that has few products says that the objectives only move them in retrieval", async () => {
    const vitrine = await open("?v=1&backend=cpu&q=couch&candidates=100", SIZES[0]);
    await vitrine.get("all-retrieved").waitFor();
    const places = await vitrine.get("retrieved").allInnerTexts();
    assert.ok(places.length > 0 && places.every((place) => /^retrieved #\d+$/.test(place)), `${places}`);
    assert.equal(new Set(places).size, places.length, "each place is taken once");
    await vitrine.after(() => vitrine.set("relevance-control", false));
    assert.ok(!(await vitrine.get("all-retrieved").isVisible()), "without relevance control everything retrieved is ranked");
  });

  test("sharing and bias features that go together are seen to move together", async () => {
    const vitrine = await open("?v=1&backend=cpu&bias-page=on", SIZES[0]);
    await vitrine.set("multi-task", "single-task");
    assert.equal(await vitrine.get("bias-page").isChecked(), false);
    await vitrine.set("bias-neighbours", false);
    assert.equal(await vitrine.get("multi-task").inputValue(), "mmoe");
  });

  test("every product stands out from the ground of its picture", async () => {
    const { page } = await open("?v=1&backend=cpu&q=shoes", SIZES[0]);
    for (const scheme of ["light", "dark"]) {
      await page.evaluate((scheme) => (document.documentElement.dataset.theme = scheme), scheme);
      const { hexes } = await page.evaluate(async () => {
        const { colours } = await (await fetch("assets/catalogue.json")).json();
        return { hexes: colours.map(({ hex }) => hex) };
      });
      const faint = await page.evaluate(contrasts, hexes);
      assert.deepEqual(faint, [], scheme);
    }
  });
});
