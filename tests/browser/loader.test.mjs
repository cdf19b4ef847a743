// The loader that starts an engine in its worker: progress, messages that come too early, and
// everything that can go wrong, as messages of protocol::FromEngine.

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "node:test";

import { eventually, test, useStage, withPage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";

const stage = useStage();

/** Stands in for wasm-bindgen's glue, to see when and with what it is called. */
function glue(source) {
  stage.server.faults.set("engine-cpu.js", { body: `export default async ({ module_or_path }) => { ${source} };` });
}

/** Starts the worker, posts `early` at once, and returns what comes until `until` says enough. */
async function start(page, { early = [], until, query = "" }) {
  stage.server.faults.set("blank.html", { body: '<link rel="icon" href="data:,">' });
  await page.goto(`${stage.server.url}blank.html`);
  return page.evaluate(
    ({ early, until, query }) =>
      new Promise((resolve) => {
        const isEnough = new Function("messages", `return ${until}`);
        const messages = [];
        const worker = new Worker(`./engine-cpu-loader.js${query}`, { type: "module" });
        worker.onmessage = ({ data }) => {
          messages.push(data);
          if (isEnough(messages)) {
            resolve(messages);
          }
        };
        early.forEach((message) => worker.postMessage(message));
      }),
    { early, until, query },
  );
}

const FAILED = 'messages.some((message) => message.failed)';
const ANY_ERROR = [/./];

describe("the loader of an engine", () => {
  test("reports progress of the program and what it reads first, and keeps early messages in order", async () => {
    glue("await (await module_or_path).arrayBuffer(); self.onmessage = ({ data }) => self.postMessage({ echo: data });");
    await withPage(stage, {}, async (page) => {
      const messages = await start(page, {
        early: [1, 2, 3],
        until: "messages.some(({ echo }) => echo === 3) && messages.some(({ progress }) => progress && progress.loaded === progress.total)",
      });
      const progress = messages.flatMap(({ progress }) => progress ?? []);
      const { first } = JSON.parse(await readFile(join(DIST, "assets/manifest.json"), "utf8"));
      const files = ["engine-cpu_bg.wasm", ...["manifest.json", ...first].map((name) => `assets/${name}`)];
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(DIST, file))).size));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.ok(progress.every((of) => of.total === total));
      assert.equal(progress.at(-1).loaded, total);
      assert.ok(progress.every(({ loaded }, i) => i === 0 || loaded > progress[i - 1].loaded));
      assert.deepEqual(
        messages.flatMap(({ echo }) => echo ?? []),
        [1, 2, 3],
      );
    });
  });

  test("fetches the assets behind a program that is smaller than it believes", async () => {
    glue("await (await module_or_path).arrayBuffer(); const { length } = await self.fetchAsset('queries.json'); self.postMessage({ length });");
    await stage.server.truncate("engine-cpu_bg.wasm");
    await withPage(stage, {}, async (page) => {
      const messages = await start(page, { until: "messages.some(({ length }) => length)" });
      const { size } = await stat(join(DIST, "assets/queries.json"));
      assert.equal(messages.find(({ length }) => length).length, size);
    });
  });

  test("hands its query string on, past a cache", async () => {
    await withPage(stage, { allow: ANY_ERROR }, async (page, { requests }) => {
      stage.server.faults.set("engine-cpu_bg.wasm", { status: 404 });
      await start(page, { until: FAILED, query: "?fresh=1" });
      // The browser tells of them when it comes to it.
      for (const file of ["engine-cpu_bg.wasm", "engine-cpu.js"]) {
        await eventually(() => requests.includes(`${stage.server.url}${file}?fresh=1`), file);
      }
    });
  });

  describe("as a page of some version asks for it", () => {
    const dist = (name) => readFile(join(DIST, name), "utf8");
    const build = async () => /vitrine-build:([0-9a-f]{16})/.exec(await dist("engine-cpu-loader.js"))[1];
    const program = async () => /vitrine-program:[0-9a-f]{16}/.exec(await dist("engine-cpu.js"))[0];
    /** What was built, with one sign of its mark changed. */
    const remarked = async (name) => {
      const bytes = await readFile(join(DIST, name));
      const at = bytes.lastIndexOf("vitrine-") + "vitrine-program:".length;
      bytes[at] = bytes[at] === 48 ? 49 : 48;
      stage.server.faults.set(name, { body: bytes, type: name.endsWith(".js") ? "text/javascript" : "application/wasm" });
    };

    for (const [name, spoil, of] of [
      ["which it is not of", async () => {}, async () => "0123456789abcdef"],
      ["whose glue is another", () => remarked("engine-cpu.js"), build],
      ["whose program is another", () => remarked("engine-cpu_bg.wasm"), build],
    ]) {
      test(`${name}, it starts nothing`, async () => {
        await spoil();
        await withPage(stage, { allow: ANY_ERROR }, async (page) => {
          const messages = await start(page, { until: FAILED, query: `?build=${await of()}` });
          const { key, says } = messages.at(-1).failed;
          assert.deepEqual([key, says.key], ["engine-outdated", "notices.engine-outdated"]);
        });
      });
    }

    test("it takes no other manifest, asked for twice", async () => {
      const body = `await (await module_or_path).arrayBuffer(); self.fetchAsset("manifest.json").catch(({ name }) => self.postMessage({ name }));`;
      stage.server.faults.set("engine-cpu.js", { body: `export default async ({ module_or_path }) => { ${body} }; export const program = "${await program()}";` });
      const manifest = JSON.parse(await dist("assets/manifest.json"));
      stage.server.faults.set("assets/manifest.json", { body: JSON.stringify({ ...manifest, build: `vitrine-build:${"0".repeat(16)}` }) });
      await withPage(stage, { allow: ANY_ERROR }, async (page) => {
        const messages = await start(page, { until: "messages.some(({ name }) => name)", query: `?build=${await build()}` });
        assert.equal(messages.find(({ name }) => name).name, "outdated");
        assert.equal(stage.server.requests.filter((path) => path === "assets/manifest.json").length >= 2, true, "past a cache");
      });
    });
  });

  for (const [name, spoil] of [
    ["a missing program", () => stage.server.faults.set("engine-cpu_bg.wasm", { status: 404 })],
    ["a missing glue script", () => stage.server.faults.set("engine-cpu.js", { status: 404 })],
    ["a truncated program", () => stage.server.truncate("engine-cpu_bg.wasm")],
    ["a page in place of the program", () => stage.server.faults.set("engine-cpu_bg.wasm", { body: "<!DOCTYPE html>" })],
    ["an exception at the start", () => glue("throw new Error('start')")],
  ]) {
    test(`says what is wrong: ${name}`, async () => {
      await spoil();
      await withPage(stage, { allow: ANY_ERROR }, async (page) => {
        const messages = await start(page, { until: FAILED });
        const { key, says } = messages.at(-1).failed;
        assert.equal(key, "engine-not-loaded");
        assert.equal(says.key, "notices.engine-not-loaded");
        assert.match(Object.fromEntries(says.values).why, /./);
      });
    });
  }

  for (const [name, source] of [
    ["thrown", "throw new Error('late')"],
    ["rejected", "Promise.reject(new Error('late'))"],
  ]) {
    test(`reports what is ${name} later`, async () => {
      glue(`self.onmessage = () => { ${source} };`);
      await withPage(stage, { allow: ANY_ERROR }, async (page) => {
        const messages = await start(page, { early: ["go"], until: FAILED });
        const { key, says } = messages.at(-1).failed;
        assert.equal(key, "engine-crashed");
        assert.match(Object.fromEntries(says.values).why, /late/);
      });
    });
  }
});
