// How it looks: pictures for people in output/, and what a machine can see of it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";

import { test, useStage } from "./support/browser.mjs";
import { PANELS, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const OUTPUT = fileURLToPath(new URL("output/", import.meta.url));
await mkdir(OUTPUT, { recursive: true });

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

describe("the look", () => {
  for (const viewport of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
      const name = `${viewport.width}-${colorScheme}`;
      test(`at ${name}: nothing sticks out, everything has a name`, async () => {
        await withVitrine(stage, { context: { viewport, colorScheme } }, async (vitrine) => {
          await vitrine.ready();
          await vitrine.page.screenshot({ path: `${OUTPUT}${name}.png` });
          await vitrine.page.screenshot({ path: `${OUTPUT}${name}-full.png`, fullPage: true });
          await vitrine.after(() => vitrine.get("look-inside").first().click());
          await vitrine.page.screenshot({ path: `${OUTPUT}${name}-inside.png` });
          await nothingSticksOut(vitrine.page, name);
          const nameless = await vitrine.page.evaluate(() =>
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
          assert.deepEqual(nameless, []);
        });
      });
    }
  }

  for (const panel of ["", ...PANELS]) {
    test(`of ${panel || "the page alone"} from a phone to a projector: nothing sticks out`, async () => {
      await withVitrine(stage, { link: `?v=1&q=couch&look=2&panel=${panel}&a=q:lamp` }, async (vitrine) => {
        await vitrine.ready();
        if (panel) {
          await vitrine.page.locator('[role="tabpanel"]').locator("li, figure, table, fieldset").first().waitFor();
        }
        for (const viewport of OTHER_SIZES) {
          await vitrine.page.setViewportSize(viewport);
          await vitrine.page.waitForTimeout(200);
          await nothingSticksOut(vitrine.page, `${viewport.width} wide`);
        }
      });
    });
  }

  test("on a phone the open panel's tab is on show", () =>
    withVitrine(stage, { context: { viewport: { width: 390, height: 844 } }, link: "?v=1&q=couch&panel=papers" }, async ({ page }) => {
      const inRow = () => {
        const tab = document.querySelector('[role="tab"][aria-selected="true"]');
        const [inner, outer] = [tab, tab?.parentElement].map((element) => element?.getBoundingClientRect());
        return tab?.textContent && inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
      };
      await page.waitForFunction(inRow, null, { timeout: 20_000 });
    }));

  test("a query that has few products says that the objectives only move them in retrieval", async () => {
    await withVitrine(stage, { link: "?v=1&q=couch&candidates=100" }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("all-retrieved").waitFor();
      const places = await vitrine.get("retrieved").allInnerTexts();
      assert.ok(places.length > 0 && places.every((place) => /^retrieved #\d+$/.test(place)), `${places}`);
      assert.equal(new Set(places).size, places.length, "each place is taken once");
      await vitrine.after(() => vitrine.set("relevance-control", false));
      assert.equal(await vitrine.get("all-retrieved").count(), 0, "without relevance control everything retrieved is ranked");
    });
  });

  test("sharing and bias features that go together are seen to move together", async () => {
    await withVitrine(stage, { link: "?v=1&bias-page=on" }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.set("multi-task", "single-task");
      assert.equal(await vitrine.get("bias-page").isChecked(), false);
      await vitrine.set("bias-neighbours", false);
      assert.equal(await vitrine.get("multi-task").inputValue(), "mmoe");
    });
  });
});
