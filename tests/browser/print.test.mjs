// On paper: what is on show, whole, black on white from dark too, with its link at the foot.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { test, useStage } from "./support/browser.mjs";
import { PANELS, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const OUTPUT = fileURLToPath(new URL("output/", import.meta.url));
await mkdir(OUTPUT, { recursive: true });

/** A sheet of A4 at 96 dots an inch, less its margins. */
const PAPER = { width: 703, height: 1032 };

/** The page as it is printed: the foot is written, as the browser has it before a print. */
async function onPaper(page) {
  await page.setViewportSize(PAPER);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  await page.waitForTimeout(300);
}

/** What of the page is seen: elements by selector that take up room. */
const seen = (page, selector) =>
  page.locator(selector).evaluateAll((all) => all.filter((element) => element.getClientRects().length > 0).length);

/** Texts that are cut off: they are wider than the sheet, or than what they stand in. */
const clipped = (page) =>
  page.evaluate((width) => {
    const found = [];
    for (const element of document.querySelectorAll("#page *, #studio *, .foot *")) {
      const box = element.getBoundingClientRect();
      if (box.width < 2 || box.height < 2 || !element.textContent.trim() || element.closest(".hidden, svg, select")) continue;
      const style = getComputedStyle(element);
      const cut = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1 && style.display !== "inline";
      if (box.right > width + 1 || cut) found.push(`${element.className || element.tagName}: ${element.textContent.trim().slice(0, 40)}`);
    }
    return found;
  }, PAPER.width);

const LINK = "?v=1&backend=cpu&q=couch&look=2600&ranker=mlpr&a=q:couch;w-click:0&b=q:sofa";

for (const panel of ["", ...PANELS]) {
  test(`of ${panel || "the page alone"}: whole, with its state and its link`, () =>
    withVitrine(stage, { context: { colorScheme: "dark", viewport: { width: 1440, height: 900 } }, link: `${LINK}&panel=${panel}` }, async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      if (panel) {
        await page.locator('[role="tabpanel"]').locator("li, figure, table, fieldset").first().waitFor();
      }
      await page.waitForTimeout(2500);
      await onPaper(page);
      await page.screenshot({ path: `${OUTPUT}print-${panel || "page"}.png`, fullPage: true });
      assert.deepEqual(await clipped(page), []);
      assert.equal(await seen(page, ".notices, .tabs, .tools, .side.left, #studio .icon"), 0);
      assert.equal(await seen(page, '[data-testid="product"]'), panel ? 0 : (await vitrine.ranking()).length);
      assert.ok((await seen(page, "#studio .studio-panel")) === (panel ? 1 : 0));
      const [text, ground] = await page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        return [color, backgroundColor];
      });
      assert.deepEqual([text, ground], ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
      const foot = vitrine.get("print-foot");
      assert.match(await foot.innerText(), /A search for “couch” by Clara\. .*Ranker: MLPR with BERT/);
      assert.match(await foot.innerText(), /http:\/\/127\.0\.0\.1.*q=couch/);
      assert.ok((await foot.locator("svg path").last().getAttribute("d")).length > 1000, "no code");
      const pdf = await page.pdf({ format: "A4" });
      assert.ok(pdf.length > 10_000);
    }));
}
