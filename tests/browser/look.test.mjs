// How it looks: pictures for people in output/, and what a machine can see of it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const OUTPUT = fileURLToPath(new URL("output/", import.meta.url));
await mkdir(OUTPUT, { recursive: true });

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

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
          const overhang = await vitrine.page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.ok(overhang <= 0, `${overhang} pixels wider than the window`);
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
});
