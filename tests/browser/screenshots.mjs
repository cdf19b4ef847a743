// A picture of every panel at three widths, light and dark, in target/screenshots, to be looked at.
// Run by `./dev screenshots`; alone, it takes the names of the scenes to show.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { PANELS, Vitrine, linkTo } from "./support/vitrine.mjs";

const OUT = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const WIDTHS = [[1440, 900], [1024, 768], [390, 844]];
const SCENES = {
  search: "?v=1&backend=cpu",
  chosen: "?v=1&backend=cpu&q=couch&look=2",
  feed: "?v=1&backend=cpu&surface=feed&retriever=yandex",
  mlpr: "?v=1&backend=cpu&q=couch&ranker=mlpr&look=2",
  "no-query": "?v=1&backend=cpu&q=",
  lesson: "?v=1&backend=cpu&panel=lessons&lesson=03-temperature.2",
  lecture: "?v=1&backend=cpu&panel=lessons&lesson=03-temperature.2&lecture=on",
  ...Object.fromEntries(PANELS.map((panel) => [panel, `${linkTo(panel)}&backend=cpu`])),
  embed: "?v=1&backend=cpu&q=couch&embed=shelf,knobs",
};
/** Milliseconds until what a panel computes has arrived. */
const REST = 3500;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in SCENES));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}, only ${Object.keys(SCENES).join(", ")}.`);
  process.exit(2);
}
await mkdir(OUT, { recursive: true });
const [browser, server] = await Promise.all([launch(), Server.start()]);
try {
  for (const [name, link] of Object.entries(SCENES).filter(([name]) => asked.length === 0 || asked.includes(name))) {
    for (const colorScheme of ["light", "dark"]) {
      for (const [width, height] of WIDTHS) {
        const page = await browser.newPage({ viewport: { width, height }, colorScheme, serviceWorkers: "block" });
        const vitrine = new Vitrine(page, server);
        await vitrine.open(link);
        await page.waitForFunction(() => Number(document.documentElement.dataset.run) > 0);
        await page.waitForTimeout(REST);
        const file = join(OUT, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path: file });
        console.log(file);
        await page.close();
      }
    }
  }
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
