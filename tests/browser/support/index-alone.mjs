// The index alone in a page: what `./dev` built of it into target/index, without the rest.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { withPage } from "./browser.mjs";
import { Server } from "./server.mjs";

const BUILT = fileURLToPath(new URL("../../../target/index/", import.meta.url));
/** Scripts for shards, which the server has beside it. */
const SCRIPTS = ["shards.js", "shard-worker.js"];

/** Runs `use(page)` in a page that has the program's functions as `index`, and its memory as `memory`. */
export async function withIndex(browser, use) {
  const server = await Server.start({ root: BUILT });
  for (const script of SCRIPTS) {
    const body = readFileSync(new URL(script, import.meta.url), "utf8");
    server.faults.set(script, { body, type: "text/javascript" });
  }
  try {
    await withPage({ browser, server }, {}, async (page) => {
      const empty = '<!DOCTYPE html><link rel="icon" href="data:,">';
      await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: empty }));
      await page.goto(`${server.url}empty.html`);
      await page.evaluate(async () => {
        globalThis.index = await import("./index-alone.js");
        globalThis.memory = (await globalThis.index.default()).memory;
      });
      await use(page);
    });
  } finally {
    await server.stop();
  }
}
