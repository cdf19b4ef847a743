// axe-core finds nothing: in every panel, on both surfaces, with every system, light and dark.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { PANELS, linkTo, usePage } from "./support/vitrine.mjs";

const stage = useStage();
const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds, as lines: the rule, the element, what is wrong; of some rules alone where they are named. */
async function findings(page, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async (rules) => {
    const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...only });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.split("\n").slice(1, 2).join("").trim()}`),
    );
  }, rules);
}

const LINKS = {
  search: "?v=1&q=couch&look=2",
  feed: "?v=1&surface=feed&retriever=yandex",
  mlpr: "?v=1&q=couch&ranker=mlpr&look=2",
  "no query": "?v=1&q=",
  "a lesson": "?v=1&panel=lessons&lesson=03-temperature.2",
  lecture: "?v=1&panel=lessons&lesson=03-temperature.2&lecture=on",
  ...Object.fromEntries(PANELS.map((panel) => [panel, linkTo(panel)])),
};

const open = usePage(stage, { context: { bypassCSP: true, reducedMotion: "reduce" } });

for (const [name, link] of Object.entries(LINKS)) {
  test(`${name}, light and dark`, async () => {
    const vitrine = await open(link);
    const { page } = vitrine;
    // Names of features come behind the first ranking.
    await page.waitForFunction(() => document.documentElement.dataset.words === "all");
    const panel = /panel=(\w+)/.exec(link)?.[1];
    if (panel) {
      await vitrine.opened(panel);
      await vitrine.halt(panel);
    }
    // In the dark colours alone are others.
    for (const [colorScheme, rules] of [["light"], ["dark", ["color-contrast", "link-in-text-block"]]]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), colorScheme);
      await vitrine.still(1000);
      assert.deepEqual(await findings(page, rules), [], colorScheme);
    }
  });
}
