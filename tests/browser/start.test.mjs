// Where nothing starts the page says why, in both languages, and what to do.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe } from "node:test";

import { test, useStage, withPage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { Vitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = { allow: [/^/] };
const [program] = readdirSync(DIST).filter((name) => /^app-\w+_bg\.wasm$/.test(name));
const script = program.replace("_bg.wasm", ".js");

/** Opens the page, and expects to be told why nothing starts. */
async function told(page, key, pattern, address = stage.server.url) {
  await page.goto(address, { waitUntil: "commit" });
  const said = page.getByTestId("watchdog");
  await said.waitFor();
  assert.equal(await said.getAttribute("data-key"), key);
  assert.match(await said.locator("p[lang=en]").innerText(), pattern);
  assert.match(await said.locator("p[lang=zh]").innerText(), /\p{Script=Han}{4}/u);
  assert.doesNotMatch(await said.innerText(), /[{}]/);
  return said;
}

describe("where nothing starts", () => {
  // To load again is the browser's doing, whatever was wrong: it is seen to help for each of the two files.
  for (const [name, spoil, pattern, again] of [
    ["the program is missing", () => stage.server.faults.set(program, { status: 404 }), /could not be started/],
    ["the program is cut short", () => stage.server.truncate(program), /could not be started/, true],
    ["the script is missing", () => stage.server.faults.set(script, { status: 404 }), /app\.js/, true],
    ["the script is cut short", () => stage.server.truncate(script), /could not be started/],
    ["a page stands in the program's place", () => stage.server.faults.set(program, { body: "<!DOCTYPE html>", type: "text/html" }), /could not be started/],
  ]) {
    test(`${name}: it is said${again ? ", and loading again helps once it is there" : ""}`, async () => {
      await spoil();
      await withPage(stage, ALLOW_ALL, async (page) => {
        const said = await told(page, "start.failed", pattern);
        if (!again) return;
        stage.server.faults.clear();
        await said.getByRole("button").click();
        await new Vitrine(page, stage.server).ready();
        // Where all is well nothing is said.
        await said.waitFor({ state: "detached" });
      });
    });
  }

  test("the program does not arrive: it is said, until it does", async () => {
    stage.server.faults.set(program, { silent: true });
    await withPage(stage, ALLOW_ALL, async (page) => {
      // Half a minute is long for a test.
      await page.addInitScript(() => {
        const { setTimeout } = window;
        window.setTimeout = (act, after, ...rest) => setTimeout(act, after > 10_000 ? after / 20 : after, ...rest);
      });
      await told(page, "start.slow", /not arrived/);
    });
  });

  test("the browser runs no WebAssembly", () =>
    withPage(stage, ALLOW_ALL, async (page) => {
      await page.addInitScript(() => Reflect.deleteProperty(window, "WebAssembly"));
      await told(page, "start.no-wasm", /switched off/);
    }));

  test("WebAssembly is forbidden", async () => {
    const headers = { "Content-Security-Policy": "script-src 'self' 'unsafe-inline'" };
    stage.server.faults.set("index.html", { headers });
    await withPage(stage, ALLOW_ALL, (page) => told(page, "start.refused", /wasm-unsafe-eval/));
  });

  test("the browser has no vectors in WebAssembly", () =>
    withPage(stage, ALLOW_ALL, async (page) => {
      await page.addInitScript(() => {
        WebAssembly.validate = () => false;
      });
      await told(page, "start.old", /SIMD/);
    }));

  test("the browser's workers can't be modules", () =>
    withPage(stage, ALLOW_ALL, async (page) => {
      await page.addInitScript(() => {
        const { Worker } = window;
        // It has never heard of options.
        window.Worker = class extends Worker {
          constructor(address) {
            super(address);
          }
        };
      });
      const said = await told(page, "start.old", /module workers/);
      // The page itself may start, and shows nothing for ever: it is not taken back.
      await page.waitForTimeout(2000);
      assert.ok(await said.isVisible());
    }));

  test("the page is opened as a file", () =>
    withPage(stage, ALLOW_ALL, (page) => told(page, "start.file", /http\.server/, pathToFileURL(join(DIST, "index.html")).href)));

  test("a frame has no origin of its own", async () => {
    const course = '<!DOCTYPE html><link rel="icon" href="data:,"><iframe src="./?v=1&embed=shelf" sandbox="allow-scripts" width="700" height="400"></iframe>';
    stage.server.faults.set("course.html", { body: course });
    await withPage(stage, ALLOW_ALL, async (page) => {
      await page.goto(`${stage.server.url}course.html`);
      const said = page.frameLocator("iframe").getByTestId("watchdog");
      await said.waitFor();
      assert.match(await said.innerText(), /allow-same-origin.*\?v=1&embed=shelf/s);
    });
  });
});
