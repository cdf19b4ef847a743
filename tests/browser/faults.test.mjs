// Files that are missing or damaged, engines that die, a browser that forbids: each is said, and
// nothing that the person did is lost.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = [/./];

/** A state that needs everything that is fetched: a word of the long list, unequal weights. */
const LINK = "?v=1&q=zucchini&w-relevance=0.3";

/** Opens the link with a fault, expects a notice, and takes the fault away. */
function expectNotice(pattern) {
  return withVitrine(stage, { allow: ALLOW_ALL, link: LINK }, async (vitrine) => {
    await vitrine.notice(pattern);
    assert.equal(await vitrine.get("query").inputValue(), "zucchini");
    stage.server.faults.clear();
    if ((await vitrine.engine()) === "failed") {
      await vitrine.get("retry").click();
    }
    await vitrine.ready();
    assert.equal(await vitrine.get("query").inputValue(), "zucchini");
  });
}

describe("the assets", () => {
  const needed = [];
  before(async () => {
    await withVitrine(stage, { link: LINK }, (vitrine) => vitrine.ready());
    needed.push(...new Set(stage.server.requests.filter((path) => path.startsWith("assets/"))));
    assert.ok(needed.length >= 4, `only ${needed} were asked for`);
  });

  for (const [name, spoil] of [
    ["missing", (path) => stage.server.faults.set(path, { status: 404 })],
    ["cut short", (path) => stage.server.truncate(path)],
    ["empty", (path) => stage.server.faults.set(path, { body: "" })],
    ["another file", (path) => stage.server.faults.set(path, { body: "<!DOCTYPE html><title>Not here</title>" })],
  ]) {
    test(`${name}, one after the other: each is said, and a retry gets on`, async (t) => {
      for (const path of needed) {
        t.diagnostic(path);
        await spoil(path);
        await expectNotice(new RegExp(basename(path).replaceAll(".", "\\.")));
      }
    });
  }

  test("of another version: it is said, and a retry gets on", async () => {
    const manifest = JSON.parse(await readFile(join(DIST, "assets/manifest.json"), "utf8"));
    stage.server.faults.set("assets/manifest.json", { body: JSON.stringify({ ...manifest, format: 999 }) });
    await expectNotice(/999/);
  });
});

describe("the engine", () => {
  for (const [name, kill] of [
    ["ends in silence", (worker) => worker.evaluate(() => self.close())],
    ["throws", (worker) => worker.evaluate(() => void setTimeout(() => { throw new Error("killed"); }))],
    // It never answers this call either.
    ["hangs", (worker) => void worker.evaluate(() => { for (;;); }).catch(() => {})],
  ]) {
    test(`that ${name} is started again with the same state`, async () => {
      await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.search("oak table");
        await vitrine.after(() => vitrine.get("product").nth(2).locator('[data-act="cart"]').click());
        const before = await vitrine.scores();
        await kill(await vitrine.worker("cpu"));
        await vitrine.notice(/engine/);
        await vitrine.after(() => vitrine.set("gate-temperature", 3));
        await vitrine.after(() => vitrine.set("gate-temperature", 1));
        assert.deepEqual(await vitrine.scores(), before);
        assert.equal(await vitrine.get("query").inputValue(), "oak table");
      });
    });
  }

  test("of another version of the protocol is refused with a notice", async () => {
    const glue = 'export default async () => self.postMessage({ hello: { version: 0, backend: "cpu" } });';
    stage.server.faults.set("engine-cpu.js", { body: glue });
    await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
      await vitrine.notice(/version|old/);
      stage.server.faults.clear();
      await vitrine.get("retry").click();
      await vitrine.ready();
    });
  });

  for (const path of ["engine-cpu-loader.js", "engine-cpu.js", "engine-cpu_bg.wasm"]) {
    test(`whose ${path} is missing is said to be, and a retry gets on`, async () => {
      stage.server.faults.set(path, { status: 404 });
      await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
        await vitrine.notice(/engine/);
        await vitrine.get("retry").waitFor();
        assert.equal(await vitrine.engine(), "failed");
        stage.server.faults.clear();
        await vitrine.get("retry").click();
        await vitrine.ready();
      });
    });
  }
});

describe("the browser", () => {
  test("that forbids storage is told of, and all else works", async () => {
    const prepare = ({ page }) =>
      page.addInitScript(() => {
        for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
          Object.defineProperty(window, name, {
            get() {
              throw new DOMException("The operation is insecure.", "SecurityError");
            },
          });
        }
      });
    await withVitrine(stage, { prepare }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.notice(/storage|remember/);
      await vitrine.get("theme").click();
      await vitrine.search("lamp");
    });
  });

  test("that forbids the clipboard is told of", async () => {
    const prepare = ({ page }) =>
      page.addInitScript(() => {
        navigator.clipboard.writeText = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
      });
    await withVitrine(stage, { prepare }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("share").click();
      await vitrine.notice(/clipboard/);
    });
  });
});
