// A host that has a newer version while a page of the older one is open that no worker answers: what the page
// fetches late is of its own version, or is refused, and what is to be done is said. After that it is whole.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { crc32 } from "node:zlib";

import { eventually, launch, test } from "./support/browser.mjs";
import { Host } from "./support/host.mjs";
import { learnLink, stands } from "./support/learning.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const MLPR = "mlpr.safetensors";
const LESSON = "assets/lessons/01-vocabulary-gap.md";
const LINK = "?v=1&q=couch&backend=cpu";
const ALLOW_ALL = [/./];

/** Weights with a longer header: a file that is as right as the other. */
function padded(bytes) {
  const length = Number(bytes.readBigUInt64LE());
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length + 8));
  return Buffer.concat([size, bytes.subarray(8, 8 + length), Buffer.from(" ".repeat(8)), bytes.subarray(8 + length)]);
}

const version = ({ page }) => page.evaluate(() => document.documentElement.dataset.version);
const remarked = (bytes) => `${bytes}\n// newer`;

/** A version of which every late file is another. */
async function newer() {
  const weights = padded(await readFile(join(DIST, "assets", MLPR)));
  const listed = (bytes) => {
    const manifest = JSON.parse(bytes.toString());
    manifest.files[MLPR] = { bytes: weights.length, crc32: crc32(weights) };
    return JSON.stringify(manifest);
  };
  return {
    "index.html": (bytes) => bytes.toString().replace("<title>Vitrine</title>", "<title>Vitrine, newer</title>"),
    "engine-cpu.js": remarked,
    "engine-webgpu.js": remarked,
    "trainer.js": remarked,
    "studio.js": remarked,
    "studio.css": (bytes) => `${bytes}\n#studio{--newer:1}`,
    "assets/manifest.json": listed,
    [`assets/${MLPR}`]: () => weights,
    [LESSON]: (bytes) => bytes.toString().replace("\n## ", "\n## Newer: "),
  };
}

describe("a newer version on the host, and a page that no worker answers", () => {
  const stage = {};
  let host;
  before(async () => {
    [stage.browser, host] = await Promise.all([launch(), Host.start()]);
    stage.server = host.server;
    // What a cache has would be of the page's version.
    host.server.cache = "no-store";
  });
  after(async () => {
    await stage.browser?.close();
    await host?.stop();
  });

  /**
   * Opens a page of what was built, deploys the newer version, and loads the page again between the two.
   * @param {(vitrine: import("./support/vitrine.mjs").Vitrine) => Promise<void>} refused
   * @param {(vitrine: import("./support/vitrine.mjs").Vitrine) => Promise<void>} whole
   */
  async function deployed({ link = LINK, webgpu = false, opened = async () => {} }, refused, whole) {
    await host.deploy();
    host.server.faults.clear();
    await withVitrine(stage, { allow: ALLOW_ALL, link, webgpu }, async (vitrine) => {
      await vitrine.ready();
      await opened(vitrine);
      const first = await version(vitrine);
      await host.deploy(await newer());
      await refused(vitrine);
      // What was there before goes on.
      assert.equal(await vitrine.get("query").inputValue(), "couch");
      assert.ok((await vitrine.ranking()).length > 0);
      host.server.faults.clear();
      await vitrine.page.reload();
      await vitrine.ready();
      assert.notEqual(await version(vitrine), first);
      assert.equal(await vitrine.get("query").inputValue(), "couch", "what was set is in the link");
      await whole(vitrine);
    });
  }

  const studio = (vitrine) => vitrine.page.locator("#studio .studio-panel").waitFor();
  /** Until the link says so, too. */
  const closes = async (vitrine) => {
    await vitrine.get("studio-close").click();
    await vitrine.page.waitForURL((url) => !url.hash.includes("panel"));
  };
  const noStudio = async (vitrine) => {
    await vitrine.get("studio-button").click();
    const said = vitrine.page.locator("#studio [role=status]", { hasText: "newer version" });
    await said.waitFor();
    assert.match(await said.innerText(), /Load the page again: what you set is in its link/);
    assert.equal(await vitrine.page.locator("#studio .studio-panel").count(), 0);
    await closes(vitrine);
  };
  const opens = async (vitrine) => {
    await vitrine.get("studio-button").click();
    await studio(vitrine);
  };

  test("the studio", () => deployed({}, noStudio, opens));

  // A loader that a cache still has, and the host's program.
  test("the studio's program behind a loader of the page's version", () =>
    deployed(
      {},
      async (vitrine) => {
        host.server.faults.set("studio-loader.js", { body: await readFile(join(DIST, "studio-loader.js")), type: "text/javascript" });
        await noStudio(vitrine);
        host.server.faults.set("studio.js", { body: await readFile(join(DIST, "studio.js")), type: "text/javascript" });
        host.server.requests.length = 0;
        await vitrine.get("studio-button").click();
        await vitrine.get("studio-again").click();
        await eventually(() => host.server.requests.includes("studio_bg.wasm"), "the program is asked for again");
        await vitrine.page.locator("#studio [role=status]", { hasText: "newer version" }).waitFor();
        assert.equal(await vitrine.page.locator("#studio .studio-panel").count(), 0);
        await closes(vitrine);
      },
      opens,
    ));

  test("a lesson", () =>
    deployed(
      { link: `${LINK}&panel=lessons`, opened: (vitrine) => vitrine.page.locator("ol.all button").first().waitFor() },
      async (vitrine) => {
        await vitrine.page.locator("ol.all button").first().click();
        await vitrine.page.locator("#studio [role=alert]", { hasText: "newer version" }).waitFor();
      },
      async (vitrine) => {
        await vitrine.open(`${LINK}&panel=lessons&lesson=01-vocabulary-gap.1`);
        await vitrine.get("lesson").waitFor();
        assert.doesNotMatch(await vitrine.get("studio").innerText(), /vitrine-build/);
      },
    ));

  test("the trainer", () =>
    deployed(
      { link: learnLink(), opened: (vitrine) => vitrine.get("learn-step").waitFor() },
      async (vitrine) => {
        await vitrine.get("learn-step").click();
        await vitrine.page.locator('.learn [data-key="learn"]', { hasText: "newer version" }).waitFor();
      },
      async (vitrine) => {
        await vitrine.get("learn-step").click();
        await stands(vitrine, 1);
      },
    ));

  test("a ranker's weights", () =>
    deployed(
      {},
      async (vitrine) => {
        await vitrine.after(() => vitrine.set("ranker", "mlpr"));
        await vitrine.notice(/asset-mlpr.*newer version.*load the page again/s);
      },
      async (vitrine) => {
        assert.equal(await vitrine.get("ranker").inputValue(), "mlpr");
        assert.deepEqual(await vitrine.notices(), []);
      },
    ));

  test("the other engine: the one at work goes on", () =>
    deployed(
      { webgpu: true },
      async (vitrine) => {
        await vitrine.goTo("?v=1&q=couch&backend=webgpu");
        await vitrine.notice(/newer version/);
        assert.equal(await vitrine.backend(), "cpu");
        await vitrine.goTo(LINK);
      },
      async (vitrine) => {
        assert.deepEqual((await vitrine.notices()).filter(({ text }) => /newer version/.test(text)), []);
      },
    ));

  test("the engine at work, which has to be started again", () =>
    deployed(
      {},
      async (vitrine) => {
        const worker = await vitrine.worker("cpu");
        await worker.evaluate(() => void setTimeout(() => { throw new Error("killed"); }));
        await vitrine.notice(/newer version/);
      },
      async (vitrine) => assert.deepEqual(await vitrine.notices(), []),
    ));

  test("words of another language", async () => {
    await host.deploy();
    await withVitrine(stage, { allow: ALLOW_ALL, link: LINK }, async (vitrine) => {
      await vitrine.ready();
      const words = JSON.parse(await readFile(join(DIST, "languages/zh.json"), "utf8"));
      host.server.faults.set("languages/zh.json", { body: JSON.stringify({ ...words, newer: "新" }), type: "application/json" });
      await vitrine.goTo(`${LINK}&lang=zh`);
      await vitrine.notice(/language-missing The words in 中文 could not be fetched/);
      assert.match(await vitrine.get("share").innerText(), /Share/);
      host.server.faults.clear();
    });
  });
});
