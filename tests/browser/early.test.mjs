// What is settled before the page's program is there (www/early.js): theme, language, what a frame shows,
// and what is sent for. The program comes in the last of these tests alone.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe } from "node:test";

import { eventually, test, useStage, withPage } from "./support/browser.mjs";
import { DIST } from "./support/server.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const [program] = readdirSync(DIST).filter((name) => /^app-\w+_bg\.wasm$/.test(name));

/** What the document's root says where an address is opened without the program. */
async function settled(address, { context, prepare } = {}) {
  stage.server.faults.set(program, { silent: true });
  let settled;
  await withPage(stage, { allow: [/^/], context }, async (page, watch) => {
    await prepare?.(page);
    await page.goto(stage.server.url + address, { waitUntil: "commit" });
    await page.waitForFunction(() => {
      // Between the answer's first byte and its first tag a document has no root.
      const { words, embed, seen } = document.documentElement?.dataset ?? {};
      return words === "first" && (!embed?.includes("machine") || seen);
    });
    settled = await page.evaluate(() => {
      const { lang, dataset } = document.documentElement;
      return { lang, ...dataset, told: window["vitrine-words"].split("\n"), worker: window.vitrineEngine.worker instanceof Worker };
    });
    const requests = () => watch.requests.map((url) => url.slice(stage.server.url.length).replace(/\?.*/, ""));
    // The browser tells of a worker's script when it comes to it.
    await eventually(() => requests().includes("engine-cpu-loader.js"), "the engine is on its way");
    settled.requests = requests();
  });
  return settled;
}

describe("before the program", () => {
  for (const [address, lang, embed] of [
    ["", "en", undefined],
    ["#v=1&lang=zh", "zh", undefined],
    ["?v=1&lang=zh", "zh", undefined],
    ["?lang=en#v=1&lang=zh", "zh", undefined],
    ["?v=1&amp;lang=zh&amp;embed=shelf", "zh", "shelf"],
    ["#v%3D1%26lang%3Dzh%26embed%3Dknobs%2Cshelf", "zh", "knobs shelf"],
    // Escaped as a whole, with what trackers append, once and twice, in an address, before and behind.
    ["#v%3D1%26lang%3Dzh%26embed%3Dknobs%2Cshelf&utm_source=x", "zh", "knobs shelf"],
    ["?v%3D1%26lang%3Dzh%26embed%3Dinsides&utm_source=x&gclid=2", "zh", "insides"],
    ["?utm_source=x#v%3D1%26lang%3Dzh%26embed%3Dinsides", "zh", "insides"],
    ["#%253Fv%253D1%2526lang%253Dzh%2526embed%253Dknobs&fbclid=1", "zh", "knobs"],
    ["?https%3A%2F%2Fshop.example%2F%23v%3D1%26amp%3Blang%3Dzh%26embed%3Dshelf&ref=hn", "zh", "shelf"],
    ["?v=1&#38;lang=zh&#38;embed=insides", "zh", "insides"],
    ["#v=1&#038;lang=zh&#x26;embed=insides", "zh", "insides"],
    ["?v=1&amp;amp;lang=zh&amp;amp;embed=shelf", "zh", "shelf"],
    // What is appended, and signs of the text around.
    ["#v=1&lang=zh&embed=knobs,shelf?utm_source=x", "zh", "knobs shelf"],
    ["#v=1&embed=knobs,shelf_&lang=zh).", "zh", "knobs shelf"],
    ["#v=1&lang=zh-&embed=knobs%2Cinsides＿", "zh", "knobs insides"],
    // What stands in a value is no part of the link.
    ["#v=1&q=a?lang=zh%26embed=knobs", "en", undefined],
    ["#v=1&lang=tlh&embed=everything", "en", "shelf"],
    ["#v=1&embed=insides,funnel,elsewhere", "en", "insides funnel"],
    ["?v=1&q=couch&lang=zh&embed=machine", "zh", "machine"],
    ["#v%3D1%26embed%3Dmachine%2Cknobs&utm_source=x", "en", "machine knobs"],
  ]) {
    test(`${address || "no link"}: the language, and what is shown`, async () => {
      const found = await settled(address);
      assert.deepEqual([found.lang, found.embed, found.told[0]], [lang, embed, lang]);
      // In sight from the start: what the studio draws may be sent for.
      assert.equal(found.seen, embed?.includes("machine") ? "machine" : undefined);
      assert.ok(found.requests.includes(`languages/${lang}.json`));
      assert.ok(!found.requests.includes(`languages/${lang}-more.json`), "what no first ranking shows is not waited for");
    });
  }

  test("the browser's language counts where the link says none", async () => {
    for (const [locale, lang] of [["zh-CN", "zh"], ["zh-TW", "zh"], ["en-GB", "en"]]) {
      const found = await settled("", { context: { locale } });
      assert.deepEqual([found.lang, found.language], [lang, lang], locale);
    }
    assert.equal((await settled("#v=1&lang=en", { context: { locale: "zh-CN" } })).lang, "en");
  });

  test("words are told in the order of their keys, a line each, and the engine is on its way", async () => {
    const { told, worker, engine } = await settled("");
    const keys = told.slice(1).filter((_, line) => line % 2 === 0);
    assert.ok(keys.length > 300 && keys.includes("shelf.score"));
    assert.deepEqual(keys, [...keys].sort((a, b) => (a < b ? -1 : 1)));
    assert.ok(worker && engine === "loading");
  });

  test("the theme is the one that was chosen here, else the system's", async () => {
    for (const [colorScheme, chosen, theme] of [
      ["dark", null, "dark"],
      ["light", null, "light"],
      ["dark", "light", "light"],
    ]) {
      const prepare = (page) => page.addInitScript((chosen) => chosen && localStorage.setItem("vitrine-theme", chosen), chosen);
      assert.equal((await settled("", { context: { colorScheme }, prepare })).theme, theme, `${colorScheme}, ${chosen}`);
    }
  });

  test("an embed that arrives with what trackers append shows what it should, and no notice", async () => {
    const address = "#v%3D1%26q%3Dcouch%26lang%3Dzh%26embed%3Dknobs%2Cshelf&utm_source=x&gclid=3";
    await withVitrine(stage, { link: address, allow: [/engine-webgpu/, /404/] }, async (vitrine) => {
      await vitrine.ready();
      assert.deepEqual(await vitrine.notices(), []);
      const { embed, lang } = await vitrine.page.evaluate(() => ({ ...document.documentElement.dataset, lang: document.documentElement.lang }));
      assert.deepEqual([embed, lang], ["knobs shelf", "zh-Hans"]);
      for (const [part, shown] of [[".side.left", true], [".shelf-area", true], [".top", false], [".side.right", false]]) {
        assert.equal(await vitrine.page.locator(part).isVisible(), shown, part);
      }
    });
  });
});
