// Shops of every size in the tab: how long one takes to be made, and to be there at the next visit, how fast it is
// searched, what it takes of memory.
//
//   node tests/browser/shop-bench.mjs
//
// Prints a table and asserts nothing. `./dev bench shop` runs it; it wants dist/, or the folder that DIST
// names. SIZES names some of the sizes, for example 40000,1000000.

import { readFile } from "node:fs/promises";

import { launch, openPage } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
import { Vitrine } from "./support/vitrine.mjs";

const SIZES = (process.env.SIZES ?? "4000,40000,400000,1000000").split(",");
/** Asked one after another, twice: nothing of the first round serves the second. */
const QUERIES = ["running shoes", "red dress", "lamp", "coffee machine", "gift for a toddler", "headphones", "tent", "milk"];
/** Longest that a shop may take to be made, in milliseconds. */
const PATIENCE = 900_000;

/** Milliseconds until the page shows the answer to what `act` does, of a shop of so many products. */
function answered(page, act, argument) {
  return page.evaluate(
    async ([act, argument, patience]) => {
      const { dataset } = document.documentElement;
      const [run, begin] = [Number(dataset.run), performance.now()];
      new Function("argument", act)(argument);
      while (Number(dataset.run) <= run || dataset.waits !== "") {
        if (performance.now() - begin > patience) throw new Error("waited too long");
        await new Promise((wake) => setTimeout(wake));
      }
      return performance.now() - begin;
    },
    [act, argument, PATIENCE],
  );
}

/** Milliseconds from opening a link to the first answer on screen, where an earlier visit kept the shop. */
async function revisited(vitrine, link) {
  await vitrine.open(link);
  return vitrine.page.evaluate(async (patience) => {
    const { dataset } = document.documentElement;
    const isThere = () => dataset.engine === "ready" && Number(dataset.run) > 0 && document.querySelector('[data-testid="product"][data-score]');
    while (!isThere()) {
      if (performance.now() > patience) throw new Error("waited too long");
      await new Promise((wake) => setTimeout(wake));
    }
    return performance.now();
  }, PATIENCE);
}

const GO = `document.dispatchEvent(new CustomEvent("vitrine-studio", { detail: argument }))`;
const TYPE = `
  const box = document.querySelector('[data-testid="query"]');
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, argument);
  box.dispatchEvent(new Event("input", { bubbles: true }));`;

/**
 * Memory of the process that the page and its engines live in, in megabytes: what is resident, and what of it is the
 * tab's own (anonymous), which the browser's task manager shows; the rest are files of the browser's program.
 */
async function memory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const taken = async ({ id }) => {
    const status = await readFile(`/proc/${id}/status`, "utf8");
    return ["VmRSS", "RssAnon"].map((of) => Number(new RegExp(`${of}:\\s+(\\d+)`).exec(status)[1]) / 1024);
  };
  const all = await Promise.all(processInfo.filter(({ type }) => type === "renderer").map(taken));
  return all.reduce((most, one) => (one[0] > most[0] ? one : most));
}

const quantile = (times, q) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(q * times.length))];
const ms = (time) => `${time.toFixed(time < 100 ? 1 : 0)} ms`;

/** The table's rows. */
export async function bench(browser) {
  const rows = [["shop", "made and searched first", "the next visit", "a query, p50", "p90", "of it the search", "weight of an objective", "memory", "of it the tab's own"]];
  const server = await Server.start();
  try {
    for (const size of SIZES) {
      const { page, close } = await openPage({ browser, server }, {});
      // The size that is asked for is timed, whatever memory this machine has.
      await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "deviceMemory"));
      const vitrine = new Vitrine(page, server);
      await vitrine.open("?v=1&backend=cpu&q=sofa");
      await vitrine.ready();
      const link = (more) => `?v=1&backend=cpu&q=sofa&products=${size}${more}`;
      const made = size === "4000" ? NaN : await answered(page, GO, link(""));
      const [times, searched] = [[], []];
      for (const query of [...QUERIES, ...QUERIES]) {
        times.push(await answered(page, TYPE, query));
        const told = await page.locator(".funnel li small").nth(1).innerText();
        const [, number, unit] = /([\d.,]+)\s*(ms|s)/.exec(told) ?? [];
        if (number) searched.push(Number(number.replace(",", "")) * (unit === "s" ? 1000 : 1));
      }
      const weighed = await answered(page, GO, link("&w-relevance=0.2"));
      const [resident, own] = await memory(browser);
      // The vectors of the link that is opened are to be those that were laid out last.
      if (size !== "4000") await answered(page, GO, link(""));
      const again = await revisited(vitrine, link(""));
      rows.push([
        Number(size).toLocaleString("en"),
        Number.isNaN(made) ? "-" : `${(made / 1000).toFixed(1)} s`,
        `${(again / 1000).toFixed(1)} s`,
        ms(quantile(times, 0.5)),
        ms(quantile(times, 0.9)),
        searched.length > 0 ? ms(quantile(searched, 0.5)) : "-",
        `${(weighed / 1000).toFixed(1)} s`,
        `${resident.toFixed(0)} MB`,
        `${own.toFixed(0)} MB`,
      ]);
      console.log(rows.at(-1).join(" | "));
      await close();
    }
  } finally {
    await server.stop();
  }
  return rows;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const browser = await launch();
  try {
    for (const row of await bench(browser)) console.log(row.join(" | "));
  } finally {
    await browser.close();
  }
}
