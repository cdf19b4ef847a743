// The market that a tab generates has the bytes of the native one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { launch, test, withPage } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";

/** What `./dev` built of the market alone. */
const BUILT = fileURLToPath(new URL("../../target/market/", import.meta.url));
/** What the native test holds, too. */
const NATIVE = JSON.parse(readFileSync(new URL("../market.json", import.meta.url), "utf8"));

test("catalogue, queries, truth and shoppers' logs are those of the native market", async () => {
  const [browser, server] = await Promise.all([launch(), Server.start({ root: BUILT })]);
  try {
    await withPage({ browser, server }, {}, async (page) => {
      const empty = '<!DOCTYPE html><link rel="icon" href="data:,">';
      await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: empty }));
      await page.goto(`${server.url}empty.html`);
      // However long it takes.
      const said = page.waitForEvent("console", { timeout: 0 });
      await page.evaluate(() => import("./market.js").then((market) => market.default()));
      assert.deepEqual(JSON.parse((await said).text()), NATIVE);
    });
  } finally {
    await Promise.all([browser.close(), server.stop()]);
  }
});
