// What opens over the page (the backend's menu, suggestions, hints, sheets, notices, the studio's
// panels and the lists in them) lies inside the window, with nothing over it, in every size, light and dark, and
// in both languages wherever these differ.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { PANELS, usePage } from "./support/vitrine.mjs";

const stage = useStage();

const SIZES = [
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
  { width: 320, height: 256 },
];

/** What is wrong with where an element stands, in words. Runs in the page. */
function amiss(element) {
  const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
  const { clientWidth } = document.documentElement;
  const box = [left, top, right, bottom].map(Math.round).join(" ");
  if (width < 1 || height < 1) return `is not there: ${box}`;
  if (left < -0.5 || top < -0.5 || right > clientWidth + 0.5 || bottom > innerHeight + 0.5) {
    return `${box} in a window of ${clientWidth} by ${innerHeight}`;
  }
  // Two pixels within, for edges lie between pixels.
  const within = (from, size, share) => from + Math.min(Math.max(share * size, 2), size - 2);
  const over = [0.02, 0.5, 0.98].flatMap((x) =>
    [0.1, 0.5, 0.9].map((y) => document.elementFromPoint(within(left, width, x), within(top, height, y))),
  ).find((at) => at && !element.contains(at) && !at.contains(element));
  if (over) return `has ${over.className || over.tagName} over it`;
  // What does not fit in it can be scrolled to.
  const style = getComputedStyle(element);
  if (element.scrollHeight > element.clientHeight + 1 && !["auto", "scroll"].includes(style.overflowY)) return "is cut off";
  if (element.scrollWidth > element.clientWidth + 1 && style.overflowX === "hidden") return "is cut off at the side";
  return "";
}

/** The same once it has come to rest: what follows a scroll does so in the next frame, or in one that is late. */
async function amissAtRest(element) {
  let said = await element.evaluate(amiss);
  for (let looks = 0; said && looks < 20; looks++) {
    await element.evaluate(() => new Promise((wake) => requestAnimationFrame(() => setTimeout(wake, 20))));
    said = await element.evaluate(amiss);
  }
  return said;
}

/** Expects an element to be in its place, light and dark. */
async function inPlace(page, selector, what) {
  const element = page.locator(selector).first();
  await element.waitFor();
  for (const theme of ["light", "dark"]) {
    await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme);
    assert.equal(await amissAtRest(element), "", `${what}, ${theme}`);
  }
}

/** The controls that an open hint covers, but for its own knob's. Runs in the page. */
function covered(hint) {
  const { left, top, right, bottom } = hint.getBoundingClientRect();
  const own = hint.closest(".knob");
  return [...document.querySelectorAll(".knobs .knob :is(input, select)")]
    .filter((control) => {
      const box = control.getBoundingClientRect();
      const over = box.left < right - 1 && box.right > left + 1 && box.top < bottom - 1 && box.bottom > top + 1;
      return over && box.width > 0 && !own.contains(control);
    })
    .map((control) => control.dataset.testid);
}

describe("what opens over the page", () => {
  const begin = usePage(stage);

  for (const viewport of SIZES) {
    for (const lang of ["en", "zh"]) {
      const where = `${viewport.width} by ${viewport.height}, ${lang}`;
      const open = async (link, use) => {
        const vitrine = await begin(`?v=1&backend=cpu&lang=${lang}&${link}`, viewport);
        await vitrine.page.waitForFunction((lang) => document.documentElement.lang.startsWith(lang), lang);
        await use(vitrine, vitrine.page);
      };

      test(`${where}: the backend's menu, suggestions, notices and sheets`, () =>
        open("q=asdfqwer", async (vitrine, page) => {
          const backend = vitrine.get("backend");
          await backend.locator("summary").click();
          await inPlace(page, ".backend .sheet", "the backend's menu");
          for (const input of await backend.locator(".sheet input").all()) {
            await input.scrollIntoViewIfNeeded();
            assert.equal(await amissAtRest(input.locator("xpath=..")), "", "a choice of the menu");
          }
          await page.keyboard.press("Escape");
          assert.ok(!(await backend.locator(".sheet").isVisible()), "Escape closes it");

          await vitrine.notice(/./);
          await vitrine.get("notice").first().evaluate((element) => element.scrollIntoView({ block: "center" }));
          await inPlace(page, '[data-testid="notice"]', "a notice");
          await vitrine.closeNotices();
          await page.evaluate(() => scrollTo(0, 0));

          await vitrine.get("query").fill("s");
          await page.locator("#suggestions li").nth(3).waitFor();
          await inPlace(page, "#suggestions", "suggestions");
          await page.keyboard.press("Escape");

          if (viewport.width <= 760) {
            for (const [sheet, side] of [["knobs", ".side.left"], ["insides", ".side.right"]]) {
              await page.locator(`.tabs [data-tab="${sheet}"]`).click();
              await inPlace(page, side, sheet);
              await page.locator(`.tabs [data-tab="${sheet}"]`).click();
            }
          }
        }));

      // They are longer in English; in Chinese they wrap otherwise where there is least room.
      if (lang === "en" || viewport.width === 390) {
        test(`${where}: the hint of every knob, by the keyboard`, () =>
          open("q=couch&coarse=on", async (vitrine, page) => {
            if (viewport.width <= 760) await page.locator('.tabs [data-tab="knobs"]').click();
            const wrong = [];
            const inputs = page.locator(".knobs .knob :is(input, select)");
            const count = await inputs.count();
            assert.ok(count > 20);
            await inputs.first().focus();
            await page.keyboard.press("Shift+Tab");
            const seen = new Set();
            for (let presses = 0; presses < 4 * count && seen.size < count; presses++) {
              await page.keyboard.press("Tab");
              const knob = await page.evaluate(() => document.activeElement?.closest(".knobs .knob")?.dataset.knob);
              if (!knob || seen.has(knob)) continue;
              const hint = page.locator(`.knobs [data-knob="${knob}"] .about.open`);
              await hint.waitFor();
              seen.add(knob);
              await hint.evaluate((element) => element.scrollIntoView({ block: "nearest" }));
              const said = await amissAtRest(hint);
              if (said) wrong.push(`${knob}: ${said}`);
              // In a window of some height the controls around it can still be seen and pressed.
              const over = viewport.height > 480 ? await hint.evaluate(covered) : [];
              if (over.length > 0) wrong.push(`${knob}: lies over ${over}`);
            }
            assert.equal(seen.size, count, "every knob was reached");
            assert.deepEqual(wrong, []);
            await page.keyboard.press("Escape");
          }));
      }

      // The longest of them: each width once.
      if ((viewport.width === 390) !== (lang === "zh")) continue;
      test(`${where}: the studio's panels, and what opens in them`, () =>
        open("q=couch&a=q:lamp", async (vitrine, page) => {
          for (const panel of PANELS) {
            await vitrine.goTo(`?v=1&backend=cpu&lang=${lang}&q=couch&look=2&a=q:lamp&panel=${panel}`);
            await vitrine.opened(panel);
            await inPlace(page, "#studio", panel);
            const pick = page.locator("#studio .pick input").first();
            if (panel === "explain" && (await pick.count())) {
              await pick.fill("oak");
              const list = page.locator("#studio .pick ul").first();
              await list.waitFor();
              await list.evaluate((element) => element.scrollIntoView({ block: "nearest" }));
              const sides = await list.evaluate((element) => {
                const { left, right } = element.getBoundingClientRect();
                return left >= 0 && right <= document.documentElement.clientWidth;
              });
              assert.ok(sides, "products found");
              await page.evaluate(`window.amiss = ${amiss}`);
              const wrong = await list.locator("button").evaluateAll((rows) =>
                rows.map((row) => {
                  row.scrollIntoView({ block: "nearest" });
                  return window.amiss(row);
                }),
              );
              assert.deepEqual(wrong.filter(Boolean), [], "a product that was found");
            }
          }
          // What the bar opens lies over the studio, too.
          await vitrine.get("backend").locator("summary").focus();
          await page.keyboard.press("Enter");
          await inPlace(page, ".backend .sheet", "the backend's menu over the studio");
          await page.keyboard.press("Escape");
          if (viewport.height > 480) {
            await page.evaluate(() => scrollTo(0, 0));
            await vitrine.get("query").fill("s");
            await page.locator("#suggestions li").nth(3).waitFor();
            await inPlace(page, "#suggestions", "suggestions over the studio");
          }
        }));
    }
  }
});
