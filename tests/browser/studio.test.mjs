// The studio as people's machines have it: translators, screen readers, colours of the system's own.

import assert from "node:assert/strict";

import { allTold, listen, spoken, translate } from "./support/assistive.mjs";
import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** What panels say, in capitals, for a translator changes words. */
const said = (page, selector) =>
  page.locator("#studio-panel").evaluate(
    (panel, selector) =>
      [...panel.querySelectorAll(selector)].map((one) => one.textContent.trim().replace(/\s+/g, " ").toUpperCase()),
    selector,
  );

/** Waits until it says something, other than it did, and no other any more. */
async function settled(page, selector, before = "[]") {
  for (let [last, still] = ["", 0]; still < 4; ) {
    await page.waitForTimeout(200);
    // What an explanation goes on to try is held against nothing, and keeps the page busy.
    await page.evaluate(() => {
      const stop = document.querySelector('#studio-panel [data-testid="tries-stop"]');
      const goes = stop && !stop.parentElement.querySelector("progress").classList.contains("resting");
      if (goes && document.querySelector('[data-testid="tried-features"] tbody tr')) stop.click();
    });
    const texts = await said(page, selector);
    const now = JSON.stringify(texts);
    const stale = (await page.locator("#studio-panel .stale").count()) > 0 || texts.includes("…");
    const waits = stale || now === before || now === "[]";
    still = !waits && now === last ? still + 1 : 0;
    last = now;
  }
}

/** By panel: what changes with the ranker, and all that is held against a panel that was never translated. */
const PANELS = {
  compare: ['[data-testid="column"]', '.head, .figures, [data-testid="column"], .actions > p:not(.hidden)'],
  explain: [
    '[data-testid="features"]',
    '[data-testid="explain-status"], [data-testid="way"], [data-testid="split"], [data-testid="features"], [data-testid="retriever-attention"], .gates, .bars th, .chain, .chosen .title',
  ],
  machine: ['[data-testid="machine-ranker"] .name', '[aria-level="2"] strong, .part .name, .part .symbol, .stages, #machine-part'],
};

test("a translator in the browser leaves numbers, names and states right in every panel", () =>
  withVitrine(
    stage,
    { link: "?v=1&backend=cpu&q=couch&look=2600&panel=compare&part=retriever.score&a=q:couch;w-click:0.2" },
    async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      const open = (panel) => page.locator(`#tab-${panel}`).click();
      let ranker = "dmt";
      for (const [panel, [changes, all]] of Object.entries(PANELS)) {
        await open(panel);
        await settled(page, changes);
        assert.ok((await translate(page)) > 20, panel);
        const before = JSON.stringify(await said(page, changes));
        ranker = ranker === "dmt" ? "mlpr" : "dmt";
        await vitrine.after(() => vitrine.set("ranker", ranker));
        await settled(page, changes, before);
        const translated = await said(page, all);
        // Built anew, the panel has never been translated.
        await open("share");
        await page.locator('[data-testid="sharing"]').waitFor();
        await open(panel);
        await settled(page, changes);
        assert.deepEqual(translated, await said(page, all), panel);
      }
    },
  ));

test("the studio speaks once of what has come to rest, and the machine is at hand in every way", () =>
  withVitrine(
    stage,
    {
      context: { viewport: { width: 1440, height: 900 }, forcedColors: "active" },
      link: "?v=1&backend=cpu&q=couch&panel=machine&part=ranker.gates",
    },
    async (vitrine) => {
      const { page } = vitrine;
      await vitrine.ready();
      await page.waitForFunction(() => document.querySelector(".machine .part") && !document.querySelector(".machine.stale"));
      await allTold(page);
      await listen(page);
      /** What was said but of the shelf, whose own telling is another's. */
      const told = async () => (await spoken(page)).filter((text) => !text.includes("First: "));

      // A knob: once, however many parts show other numbers. In one go: on a busy machine single presses may lie
      // further apart than a rest.
      await vitrine.get("gate-temperature").evaluate((slider) => {
        for (let step = 0; step < 8; step++) {
          slider.stepUp();
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
      await page.locator(".machine .part.moved").first().waitFor();
      await allTold(page);
      let now = await told();
      assert.equal(now.length, 1, JSON.stringify(now));
      assert.match(now[0], /^\d+ parts moved/);
      // What moved is ringed where the system has its own colours.
      const ring = (selector) =>
        page.locator(selector).first().evaluate((part) => {
          const { outlineStyle, outlineWidth } = getComputedStyle(part);
          return outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
        });
      assert.ok((await ring(".machine .part.moved")) >= 2);
      assert.equal(await ring(".machine .part:not(.moved)"), 0);

      // Steps from part to part: the one that they end at.
      await vitrine.get("machine-on").evaluate(async (button) => {
        for (let step = 0; step < 3; step++) {
          button.click();
          await new Promise((wake) => requestAnimationFrame(wake));
        }
      });
      await allTold(page);
      now = await told();
      const opened = await page.locator("#machine-part h3 span").first().innerText();
      assert.equal(now.length, 1, JSON.stringify(now));
      assert.ok(now[0].startsWith(`${opened}: `), now[0]);

      // Words of the field and the system lead to papers.
      await page.locator('.machine [data-part="gates"]').click();
      const terms = vitrine.get("machine-terms");
      await terms.getByRole("button").first().hover();
      const about = terms.locator(".about.open");
      await about.waitFor();
      assert.match(await about.locator("a").getAttribute("href"), /^https:\/\/doi\.org\//);
      assert.ok((await page.locator("#machine-part .note a").allInnerTexts()).includes("DMT"));

      // The wheel zooms with Ctrl and with ⌘, and is the page's without.
      assert.match(await vitrine.get("machine-how").innerText(), /Ctrl or ⌘/);
      const wheel = (init) =>
        page.locator('.machine [role="tree"]').evaluate((tree, init) => {
          const event = new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY: 120, ...init });
          tree.dispatchEvent(event);
          return event.defaultPrevented;
        }, init);
      const parts = () => page.locator(".machine .part").count();
      assert.equal(await wheel({}), false);
      assert.equal(await wheel({ metaKey: true }), true);
      await page.waitForFunction(() => !document.querySelector('.machine .part[aria-selected="true"]'));
      assert.ok((await parts()) > 0);
      assert.equal(await wheel({ ctrlKey: true }), true);
      await page.waitForFunction(() => !document.querySelector(".machine .part"));

      // A run of measuring: nothing while it goes on, once when it rests.
      await page.locator("#tab-metrics").click();
      await page.waitForFunction(() => document.querySelector('[data-testid="metrics-progress"]')?.value >= 2);
      await told();
      await page.waitForTimeout(500);
      const during = await told();
      // On a quick machine it may be through by now, and there is nothing to stop.
      const stopped = await vitrine.get("metrics-stop").evaluate((button) => {
        const goes = !button.disabled;
        button.click();
        return goes;
      });
      if (stopped) assert.deepEqual(during, []);
      await allTold(page);
      now = [...during, ...(await told())];
      assert.equal(now.length, 1, JSON.stringify(now));
      assert.match(now[0], /\d/);
    },
  ));
