// Files that are missing or damaged, engines that die, a browser that forbids: each is said, and
// nothing that the person did is lost.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe } from "node:test";

import { eventually, test, useStage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = [/./];

/** A state that needs everything that is fetched: a word of the long list, unequal weights. */
const LINK = "?v=1&q=saxophone&w-relevance=0.3";

/** Waits until an engine is ready or given up: what is wrong may be said before it is. */
const stands = (vitrine) => vitrine.page.waitForFunction(() => document.documentElement.dataset.engine !== "loading");
const failed = (vitrine) => vitrine.engine().then((engine) => engine === "failed");

/** Opens the link with a fault, expects a notice, and takes the fault away. */
function expectNotice(pattern) {
  return withVitrine(stage, { allow: ALLOW_ALL, link: LINK }, async (vitrine) => {
    await vitrine.notice(pattern);
    assert.equal(await vitrine.get("query").inputValue(), "saxophone");
    await stands(vitrine);
    stage.server.faults.clear();
    if (await failed(vitrine)) await vitrine.get("retry").click();
    await vitrine.ready();
    assert.equal(await vitrine.get("query").inputValue(), "saxophone");
  });
}

describe("the assets", () => {
  const needed = [];
  before(async () => {
    await withVitrine(stage, { link: LINK }, (vitrine) => vitrine.ready());
    needed.push(...new Set(stage.server.requests.filter((path) => path.startsWith("assets/"))));
    assert.ok(needed.length >= 4, `only ${needed} were asked for`);
  });

  const SPOILT = [
    ["missing", (path) => stage.server.faults.set(path, { status: 404 })],
    ["cut short", (path) => stage.server.truncate(path)],
  ];
  /** The manifest, against which every other file is held before it is read (src/engine/pipeline/assets.rs), is held against none. */
  const UNHELD = [
    ["empty", (path) => stage.server.faults.set(path, { body: "" })],
    ["another file", (path) => stage.server.faults.set(path, { body: "<!DOCTYPE html><title>Not here</title>" })],
  ];
  const asked = (path) => stage.server.requests.filter((request) => request === path).length;

  test("missing, cut short, the manifest empty and another file, one after the other: each is said, and a retry gets on", async (t) => {
    for (const path of needed) {
      t.diagnostic(path);
      const spoilt = path === "assets/manifest.json" ? [...SPOILT, ...UNHELD] : SPOILT;
      await SPOILT[0][1](path);
      await withVitrine(stage, { allow: ALLOW_ALL, link: LINK }, async (vitrine) => {
        const said = new RegExp(basename(path).replaceAll(".", "\\."));
        await vitrine.notice(said);
        await stands(vitrine);
        for (const [number, [name, spoil]] of spoilt.entries()) {
          if (number > 0) {
            const before = asked(path);
            await spoil(path);
            // What the engine can do without it asks for again with the next state.
            if (await failed(vitrine)) await vitrine.get("retry").click();
            else await vitrine.set("candidates", 20 + 4 * number);
            await eventually(() => asked(path) > before, `${path}, ${name}: it is asked for again`);
            await stands(vitrine);
            await vitrine.rest();
          }
          await vitrine.notice(said);
          assert.equal(await vitrine.get("query").inputValue(), "saxophone", name);
        }
        stage.server.faults.clear();
        if (await failed(vitrine)) await vitrine.get("retry").click();
        await vitrine.ready();
        assert.equal(await vitrine.get("query").inputValue(), "saxophone");
      });
    }
  });

  test("of a newer version, where no worker keeps them: that is said to be possible, and to load the page again", async () => {
    const path = "assets/mlpr.safetensors";
    const bytes = await readFile(join(DIST, path));
    await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
      await vitrine.ready();
      for (const fault of [{ body: Buffer.concat([bytes, Buffer.from("newer")]) }, { body: Buffer.from(bytes.map((byte, at) => byte ^ Number(at > 99_999))) }, { status: 404 }]) {
        stage.server.faults.set(path, fault);
        await vitrine.after(() => vitrine.set("ranker", "mlpr"));
        await vitrine.notice(/asset-mlpr.*newer version/s);
        const [{ text }] = (await vitrine.notices()).filter(({ key }) => key.startsWith("asset-mlpr"));
        assert.match(text, /load(ed)? the page|the page again/i);
        await vitrine.after(() => vitrine.set("ranker", "dmt"));
        assert.deepEqual(await vitrine.notices(), []);
      }
    });
  });

  test("of another version: it is said, and a retry gets on", async () => {
    const manifest = JSON.parse(await readFile(join(DIST, "assets/manifest.json"), "utf8"));
    stage.server.faults.set("assets/manifest.json", { body: JSON.stringify({ ...manifest, format: 999 }) });
    await expectNotice(/999/);
  });
});

test("a studio of another version stays away, and that is said", async () => {
  await withVitrine(stage, {}, async (vitrine) => {
    await vitrine.ready();
    // As a page of an older build would have it.
    await vitrine.page.evaluate(() => (document.documentElement.dataset.protocol = "1"));
    await vitrine.get("studio-button").click();
    const said = vitrine.page.locator("#studio [role=status]", { hasText: "newer version" });
    await said.waitFor();
    assert.match(await said.innerText(), /Load the page again/);
    assert.equal(await vitrine.page.locator("#studio .studio-panel").count(), 0);
    await vitrine.get("studio-close").click();
    assert.ok(!(await vitrine.get("studio").isVisible()));
  });
});

describe("the engine", () => {
  for (const [name, kill] of [
    ["throws", (worker) => worker.evaluate(() => void setTimeout(() => { throw new Error("killed"); }))],
    // It never answers this call either. One that has ended is as silent.
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
    // It says that it belongs to this program.
    const [mark] = /vitrine-program:\w+/.exec(await readFile(join(DIST, "engine-cpu.js"), "utf8"));
    const glue = 'export default async () => self.postMessage({ hello: { version: 0, backend: "cpu" } });';
    stage.server.faults.set("engine-cpu.js", { body: `${glue}\nexport const program = "${mark}";` });
    await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
      await vitrine.notice(/version|old/);
      stage.server.faults.clear();
      await vitrine.get("retry").click();
      await vitrine.ready();
    });
  });

  // As where an entry of the browser's cache goes while frames of one page read it.
  test("whose files break off on their way has them fetched once more, and nothing is said", async () => {
    // What is fetched by itself breaks off together; the script and the program are fetched as one.
    for (const files of [["engine-cpu.js"], ["engine-cpu_bg.wasm", "assets/manifest.json", "assets/catalogue.json", "assets/moppr.safetensors"]]) {
      for (const path of files) stage.server.faults.set(path, { breaks: 1 });
      await withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
        await vitrine.ready();
        for (const path of files) assert.equal(stage.server.faults.get(path).breaks, 0, path);
        assert.deepEqual(await vitrine.notices(), [], `${files}`);
      });
    }
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

  /** Forbids the clipboard, and keeps what is copied by the old command, or forbids that, too. */
  const clipboard = (all) => ({ page }) =>
    page.addInitScript((all) => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
      const command = document.execCommand.bind(document);
      document.execCommand = (name) => !all && command(name);
      document.addEventListener("copy", () => (window.copied = document.activeElement.value));
    }, all);
  const LINK = "?v=1&q=lamp&w-click=0.3&backend=cpu";

  test("that forbids the clipboard has the link copied as browsers did before they had one", () =>
    withVitrine(stage, { prepare: clipboard(false), link: LINK }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.copy(vitrine.get("share"));
      assert.match(await vitrine.page.evaluate(() => window.copied), /^http:.*q=lamp.*w-click=0\.3/);
      assert.deepEqual(await vitrine.notices(), []);
      assert.equal(await vitrine.page.evaluate(() => document.activeElement.dataset.testid), "share", "the focus is back");
      // The panel's own buttons, of which one copies a text that stands there.
      await vitrine.get("studio-button").click();
      await vitrine.page.locator("#tab-share").click();
      await vitrine.copy(vitrine.page.locator("#studio .copied button").first());
    }));

  test("that forbids any copying is told of, and the link stands there selected", () =>
    withVitrine(stage, { prepare: clipboard(true), link: LINK }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("share").click();
      await vitrine.notice(/clipboard/);
      const link = vitrine.get("to-copy");
      assert.match(await link.inputValue(), /^http:.*q=lamp.*w-click=0\.3/);
      const selected = () => {
        const { value, selectionStart, selectionEnd } = document.activeElement;
        return value?.slice(selectionStart, selectionEnd);
      };
      assert.equal(await vitrine.page.evaluate(selected), await link.inputValue());
    }));
});
