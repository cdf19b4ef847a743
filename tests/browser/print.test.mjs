// On paper: what is on show, whole, black on white from dark too, with its link at the foot.

import assert from "node:assert/strict";

import { picture, test, useStage } from "./support/browser.mjs";
import { PANELS, usePage } from "./support/vitrine.mjs";

const stage = useStage();

/** A sheet of A4 at 96 dots an inch, less its margins, and its height with them. */
const PAPER = { width: 703, height: 1032 };
const A4 = 1123;

/** The page as it is printed: the foot is written, as the browser has it before a print. */
async function onPaper(vitrine) {
  const { page } = vitrine;
  await page.setViewportSize(PAPER);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await vitrine.still(1500);
}

/** What of the page is seen: elements by selector that take up room. */
const seen = (page, selector) =>
  page.locator(selector).evaluateAll((all) => all.filter((element) => element.getClientRects().length > 0).length);

/** What is cut off: texts that are wider than the sheet, or larger than what they stand in, and what no sheet holds. */
const clipped = (page) =>
  page.evaluate(({ width, height }) => {
    const found = [];
    for (const element of document.querySelectorAll("#page *, #studio *, .foot *")) {
      const box = element.getBoundingClientRect();
      if (box.width < 2 || box.height < 2 || !element.textContent.trim() || element.closest(".hidden, svg, select")) continue;
      const style = getComputedStyle(element);
      const wide = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
      const high = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
      const cut = (wide || high) && style.display !== "inline";
      const whole = style.breakInside === "avoid" && box.height > height;
      if (box.right > width + 1 || cut || whole) {
        found.push(`${element.className || element.tagName}, ${Math.round(box.width)} by ${Math.round(box.height)}: ${element.textContent.trim().slice(0, 40)}`);
      }
    }
    return found;
  }, PAPER);

/** Sheets of a document: Chromium writes a line for each. */
const sheets = (pdf) => pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;

const LINK = "?v=1&backend=cpu&q=couch&look=2600&ranker=mlpr&a=q:couch;w-click:0&b=q:sofa";

const open = usePage(stage, { context: { colorScheme: "dark" } });

for (const panel of ["", ...PANELS]) {
  test(`of ${panel || "the page alone"}: whole, with its state and its link`, async () => {
    const vitrine = await open(`${LINK}&panel=${panel}`, { width: 1440, height: 900 });
    const { page } = vitrine;
    await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
    if (panel) {
      await vitrine.opened(panel);
      await vitrine.halt(panel);
    }
    await vitrine.still();
    assert.equal(await seen(page, '[data-testid="history-rest"]'), 0, "on the screen the rest is scrolled to");
    await onPaper(vitrine);
    try {
      await picture(page, `print-${panel || "page"}`, { fullPage: true });
      assert.deepEqual(await clipped(page), []);
      assert.equal(await seen(page, ".notices, .tabs, .tools, .side.left, #studio .icon"), 0);
      assert.equal(await seen(page, '[data-testid="product"]'), panel ? 0 : (await vitrine.ranking()).length);
      assert.ok((await seen(page, "#studio .studio-panel")) === (panel ? 1 : 0));
      const [text, ground] = await page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        return [color, backgroundColor];
      });
      assert.deepEqual([text, ground], ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
      if (!panel) {
        // What of a long history is not printed is counted.
        const [all, rest] = await Promise.all([page.locator(".history .heading > p").first(), vitrine.get("history-rest")].map(
          (place) => place.innerText().then((text) => Number(text.replace(/\D/g, ""))),
        ));
        assert.match(await vitrine.get("history-rest").innerText(), /^and \d+ more$/);
        assert.ok(all > 15, `a history of ${all}`);
        assert.equal((await seen(page, ".strip [data-entry]")) + rest, all);
      }
      const foot = vitrine.get("print-foot");
      assert.match(await foot.innerText(), /A search for “couch” by Clara\. .*Ranker: MLPR with BERT/);
      assert.match(await foot.innerText(), /http:\/\/127\.0\.0\.1.*q=couch/);
      // A telephone reads it off the paper: of this link at least 33 modules, each three dots of 96 an inch or more.
      const code = await foot.locator("svg").evaluate((svg) => {
        const { width, height } = svg.getBoundingClientRect();
        const dark = svg.querySelector("path:last-child").getAttribute("d").match(/M/g).length;
        return { width, height, modules: svg.viewBox.baseVal.width, dark, margin: 4 };
      });
      const inner = (code.modules - 2 * code.margin) ** 2;
      assert.ok(code.modules - 2 * code.margin >= 33 && code.width === code.height, JSON.stringify(code));
      assert.ok(code.width / code.modules >= 2.99, JSON.stringify(code));
      assert.ok(code.dark > 0.35 * inner && code.dark < 0.65 * inner, JSON.stringify(code));
      // As many sheets as what is on show is high, but for what stays whole and begins a new one.
      const high = await page.evaluate(() => document.documentElement.scrollHeight);
      const count = sheets(await page.pdf({ format: "A4" }));
      const [least, most] = [Math.max(1, Math.floor(high / A4)), 2 * Math.ceil(high / PAPER.height) + 1];
      assert.ok(count >= least && count <= most, `${count} sheets for ${high} pixels`);
    } finally {
      await page.emulateMedia({ media: "screen", colorScheme: "dark" });
    }
  });
}
