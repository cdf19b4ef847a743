// The page in every language: nothing is left in another, the switch loses nothing, and a language
// that does not arrive is said.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { PANELS, linkTo, usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const asset = async (name) => JSON.parse(await readFile(new URL(`../../assets/${name}`, import.meta.url), "utf8"));

/** What the market says itself, in English in every language. */
const catalogue = await asset("catalogue.json");
const names = (list) => list.map((one) => one.name ?? one);
const data = [
  ...catalogue.products.map((product) => product.title),
  ...["product_types", "departments", "brands", "colours", "shops"].flatMap((part) => names(catalogue[part])),
  ...(await asset("queries.json")).map((query) => query.text ?? query),
  ...(await asset("shoppers.json")).flatMap(({ key, name, web_searches }) => [
    key,
    name,
    ...(web_searches ?? []).map((search) => search.query),
  ]),
  // The word pieces and queries of this test.
  ..."couch sofa kept.json shoes".split(" "),
].sort((a, b) => b.length - a.length);
const exact = new Set(data);

/** Terms and names that are written in Latin letters in Chinese, too, pins' letters, and units. */
const TERMS = new Set(
  `AUC AVR BERT BM25 CLS CPU CSV CTR CVR DMT GMV GPU JSON KB Kendall MB MLPR MMoE MOPPR PLE PNG P_good QR RBO SVG Spearman
  Transformer V100 Vitrine WebGPU Yandex f32 int8 ln logit ms nDCG overlap pAVR pCTR pCVR price recall sigmoid softmax
  Softmax top-K Gumbel Adam AdaGrad Dice Ctrl Chrome Edge credentialless
  Cross-Origin-Embedder-Policy Cross-Origin-Resource-Policy require-corp cross-origin
  AITM DIEN DIN DMT_trans DNN ESM GBDT MGDSPR MLP_MTL MLP_Single MRR NCI Precision UI nDCG_p pos_learn pos_sincos position_index position_page recall_p
  XGBoost Q_o H_B cos click order cart relevance exposure purchase K A B C D ${"abcdefghijklmnopqrstuvwxyz".split("").join(" ")}`.split(/\s+/),
);

/** Short names of the papers' tables. */
const TABLE = /\b(moppr|mlpr|dmt|yandex)-\d\b/g;

/** Latin words that are shown, told or hinted at and are neither data nor terms. */
async function english(page) {
  const said = await page.evaluate(() => {
    const found = [];
    const shown = (element) =>
      element.checkVisibility() &&
      // In another language by its own mark, drawn symbols, and the words of a lesson.
      (element.closest("[lang]")?.lang ?? "").startsWith("zh") &&
      !element.closest(".symbol, .formula, .lesson .text, svg, code");
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const parent = node.parentElement;
      if (shown(parent) && !["SCRIPT", "STYLE", "TEXTAREA"].includes(parent.tagName)) found.push(node.data.trim());
    }
    for (const name of ["aria-label", "title", "placeholder"]) {
      for (const element of document.querySelectorAll(`body [${name}]`)) {
        if (shown(element)) found.push(element.getAttribute(name).trim());
      }
    }
    return [...new Set(found)].filter((text) => /[A-Za-z]{2}/.test(text));
  });
  const left = [];
  for (const text of said) {
    if (exact.has(text)) continue;
    // First: names of the data are parts of them.
    let rest = text.replace(TABLE, " ");
    for (const known of data) {
      if (rest.includes(known)) rest = rest.replaceAll(known, " ");
    }
    const words = (rest.match(/[A-Za-z][A-Za-z0-9_-]*/g) ?? []).filter((word) => !TERMS.has(word));
    if (words.length > 0) left.push(`${words.join(" ")} in: ${text}`);
  }
  return left;
}

const LINKS = {
  "a search": "?v=1&q=couch&look=2",
  "the feed": "?v=1&surface=feed&retriever=yandex&look=2",
  MLPR: "?v=1&q=shoes&ranker=mlpr&look=1994",
  "no query": "?v=1&q=",
  "one product": "?v=1&q=couch&look=2&panel=explain",
  "a lesson": "?v=1&panel=lessons&lesson=03-temperature.2",
  ...Object.fromEntries(PANELS.map((panel) => [panel, linkTo(panel)])),
};

const open = usePage(stage, { context: { reducedMotion: "reduce" } });

for (const [name, link] of Object.entries(LINKS)) {
  test(`in Chinese: ${name}`, async () => {
    const vitrine = await open(`${link}&lang=zh`);
    const { page } = vitrine;
    await page.waitForFunction(() => document.documentElement.dataset.words === "all");
    const panel = /panel=(\w+)/.exec(link)?.[1];
    if (panel) {
      await vitrine.opened(panel);
      await vitrine.halt(panel);
    }
    // Figures of a panel arrive one after another.
    await vitrine.still(6000);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
    assert.deepEqual(await english(page), []);
  });
}

test("the switch turns the page, keeps what is there, and is carried by the link", () =>
  withVitrine(stage, { link: "?v=1&q=couch&look=2&w-click=0.4&panel=lessons&lesson=03-temperature.2" }, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.ready();
    await vitrine.get("lesson-question").locator("input").nth(1).check();
    // What comes late would put others in its place.
    await vitrine.still();
    // Closed by hand, and scrolled; with a key, which no panel that grows above it can put elsewhere.
    await page.locator(".insides details").nth(4).locator("summary").press("Enter");
    await page.waitForFunction(() => !document.querySelectorAll(".insides details")[4].open);
    const before = { run: await vitrine.run(), scores: await vitrine.scores() };
    const turn = async (lang) => {
      await vitrine.get("language").click();
      await page.waitForFunction((lang) => document.documentElement.lang === lang, lang);
      // What follows fast is one step with what was done before.
      await page.waitForTimeout(1000);
    };
    await turn("zh-Hans");
    await vitrine.get("lesson-check").getByText("验证").waitFor();
    assert.match(await vitrine.get("share").innerText(), /分享/);
    assert.match(page.url(), /lang=zh/);
    assert.ok(await vitrine.get("lesson-question").locator("input").nth(1).isChecked(), "the guess stands");
    assert.deepEqual(await english(page), []);
    await turn("en");
    assert.match(await vitrine.get("share").innerText(), /Share/);
    assert.match(page.url(), /lang=en/);
    const details = page.locator(".insides details");
    assert.equal(await details.nth(4).evaluate((element) => element.open), false, "what was closed stays closed");
    assert.equal(await details.nth(2).evaluate((element) => element.open), true);
    assert.ok(await vitrine.get("lesson-question").locator("input").nth(1).isChecked());
    const after = { run: await vitrine.run(), scores: await vitrine.scores() };
    assert.deepEqual(after, before, "nothing was ranked again");
    assert.equal(await vitrine.get("query").inputValue(), "couch");
    // Both turns are steps that undo goes back over, and so is what came before them.
    await vitrine.get("undo").click();
    await page.waitForFunction(() => document.documentElement.lang === "zh-Hans");
  }));

test("what was typed just before the switch is searched for, and nothing reaches for what is gone", () =>
  withVitrine(stage, { link: "?v=1&q=couch" }, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.ready();
    // In one task, so that neither the search nor the moving cards have had their turn.
    const turn = (query) =>
      page.evaluate((query) => {
        const box = document.querySelector('[data-testid="query"]');
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, query);
        box.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelector('[data-testid="language"]').click();
      }, query);
    for (const [query, lang] of [["lamp", "zh-Hans"], ["desk", "en"], ["milk", "zh-Hans"]]) {
      await turn(query);
      await page.waitForFunction((lang) => document.documentElement.lang === lang, lang);
      await page.waitForFunction((query) => new URLSearchParams(location.hash.slice(1)).get("q") === query, query);
      assert.equal(await vitrine.get("query").inputValue(), query);
    }
  }));

// Of other preferences early.test.mjs asks what is settled before the program.
test("without a choice the browser's preference counts, and English where there is none", async () => {
  for (const [locale, lang] of [
    ["zh-CN", /^zh/],
    ["de-DE", /^en/],
  ]) {
    await withVitrine(stage, { context: { locale } }, async (vitrine) => {
      await vitrine.ready();
      assert.match(await vitrine.page.evaluate(() => document.documentElement.lang), lang, locale);
      assert.doesNotMatch(vitrine.page.url(), /lang=/);
    });
  }
});

test("a language that does not arrive is said, and another stands in for it", async () => {
  try {
    stage.server.faults.set("languages/zh.json", { status: 404 });
    await withVitrine(stage, { allow: [/./], link: "?v=1&q=couch&lang=zh" }, async (vitrine) => {
      await vitrine.ready({ words: false });
      await vitrine.notice(/language-missing The words in 中文 could not be fetched/);
      assert.match(await vitrine.get("share").innerText(), /Share/);
    });
    stage.server.faults.set("languages/en.json", { status: 404 });
    await withVitrine(stage, { allow: [/./], link: "?v=1&q=couch&lang=zh" }, async (vitrine) => {
      await vitrine.ready({ words: false });
      await vitrine.notice(/could not be fetched\. Load the page again/);
      await vitrine.notice(/请重新加载页面/);
      assert.ok((await vitrine.ranking()).length > 0, "products are shown all the same");
    });
  } finally {
    stage.server.faults.clear();
  }
});

test("what the engine has to say is said in Chinese", () =>
  withVitrine(stage, { link: "?v=1&q=coach&shopper=nobody&tau=huge&lang=zh" }, async (vitrine) => {
    await vitrine.ready();
    await vitrine.notice(/这里没有叫“nobody”的用户/);
    await vitrine.notice(/链接中的温度（tau）被忽略：“huge”不是数字/);
    for (const { text } of await vitrine.notices()) {
      assert.match(text, /[\u4e00-\u9fff]/, text);
    }
  }));
