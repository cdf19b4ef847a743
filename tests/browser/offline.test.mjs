// Without a line, and when a newer version is there.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { launch, test, withPage } from "./support/browser.mjs";
import { DIST, Server } from "./support/server.mjs";
import { Vitrine } from "./support/vitrine.mjs";

const KEPT = { context: { serviceWorkers: "allow" }, allow: [/Failed to load resource/, /net::ERR/] };

const kept = (page) =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active.state;
  });

test("after the first visit the playground works without a line", async () => {
  const [browser, server] = await Promise.all([launch(), Server.start()]);
  try {
    await withPage({ browser, server }, KEPT, async (page) => {
      const vitrine = new Vitrine(page, server);
      await vitrine.open();
      await vitrine.ready();
      await kept(page);
      await server.stop();
      // Another query, with a word of the long list, and weights that are not equal.
      await vitrine.open("?v=1&q=zucchini&w-relevance=0.3&backend=cpu");
      await vitrine.ready();
      assert.ok((await vitrine.ranking()).length > 0);
      const run = await vitrine.run();
      await vitrine.set("gate-temperature", 2);
      await page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
      assert.deepEqual(await vitrine.get("notice").allTextContents(), []);
    });
  } finally {
    await browser.close();
  }
});

test("a newer version is offered, not forced", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vitrine-"));
  await cp(DIST, folder, { recursive: true });
  const [browser, server] = await Promise.all([launch(), Server.start({ root: folder })]);
  try {
    await withPage({ browser, server }, KEPT, async (page) => {
      const vitrine = new Vitrine(page, server);
      await vitrine.open("?v=1&q=couch");
      await vitrine.ready();
      await kept(page);
      // The host has a new page, and a worker that names the new version.
      const change = async (name, from, to) => {
        const path = join(folder, name);
        await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
      };
      await change("index.html", 'name="description" content="', 'name="description" content="Newer. ');
      const isNewer = () => page.locator('meta[content^="Newer."]').count();
      await change("service-worker.js", /VERSION\s*=\s*"/, 'VERSION = "newer-');
      await vitrine.open("?v=1&q=couch");
      await vitrine.ready();
      assert.equal(await isNewer(), 0);
      const offer = vitrine.get("newer-version");
      await offer.waitFor();
      assert.equal(await isNewer(), 0);
      await Promise.all([page.waitForEvent("load"), offer.click()]);
      await vitrine.ready();
      assert.equal(await isNewer(), 1);
      assert.equal(await vitrine.get("query").inputValue(), "couch");
    });
  } finally {
    await Promise.all([browser.close(), server.stop()]);
    await rm(folder, { recursive: true });
  }
});
