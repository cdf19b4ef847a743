// Words that no title has still find what is meant.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { usePage } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);
const open = async (link, use) => use(await begin(link));

/** What the page says of how a query was read, as keys. */
const aboutTheQuery = (vitrine) =>
  vitrine.get("notice").evaluateAll((all) =>
    all.map(({ dataset }) => dataset.key).filter((key) => /^query|^unlikely/.test(key)));

describe("search", () => {
  for (const [query, meant] of [
    ["couch", /sofa|sectional|loveseat|settee/i],
    ["vacum cleaner", /vacuum/i],
    ["bike", /bicycle|bike/i],
  ]) {
    test(`"${query}" finds what is meant`, async () => {
      await open(`?v=1&q=lamp`, async (vitrine) => {
        const lamps = await vitrine.order();
        await vitrine.search(query);
        const found = (await vitrine.ranking()).slice(0, 10);
        assert.notDeepEqual(found.map(({ id }) => id), lamps.slice(0, 10));
        const right = found.filter(({ text }) => meant.test(text));
        assert.ok(right.length >= 8, `${right.length} of ten: ${found.map(({ text }) => text.split("\n")[0]).join("; ")}`);
      });
    });
  }

  test("no title says couch", async () => {
    await open("?v=1&q=couch&size=60", async (vitrine) => {
      assert.deepEqual((await vitrine.ranking()).filter(({ text }) => /couch/i.test(text)), []);
    });
  });

  for (const [query, first, tiers] of [
    ["milk", /milk/i, /^From place \d+: less likely what you meant\.$/],
    ["knives", /knife/i, /^From place \d+:/],
    ["black dress", /\bblack\b/i, /^Up to place 2: every word you asked for\./],
  ]) {
    test(`"${query}" fills the page, and the shelf says where what is meant ends`, async () => {
      await open(`?v=1&backend=cpu&q=${encodeURIComponent(query)}`, async (vitrine) => {
        const shown = await vitrine.ranking();
        assert.equal(shown.length, 20);
        assert.ok(shown.slice(0, 2).every(({ text }) => first.test(text)), `${shown[0].text}; ${shown[1].text}`);
        assert.match(await vitrine.get("tiers").innerText(), tiers);
        assert.deepEqual(await aboutTheQuery(vitrine), []);
        // Without control there is no line to draw.
        await vitrine.after(() => vitrine.set("relevance-control", false));
        assert.equal(await vitrine.get("tiers").isVisible(), false);
      });
    });
  }

  for (const [query, key, words] of [
    ["asdfqwer", "query-unknown", /nothing here is likely what you meant/],
    ["insurance", "unlikely", /Nothing here is likely what you meant/],
    ["!!!", "query-signs", /Only Latin letters/],
  ]) {
    test(`that nothing here answers "${query}" is said`, async () => {
      await open(`?v=1&q=${query}&backend=cpu`, async (vitrine) => {
        const notice = vitrine.page.locator(`[data-testid=notice][data-key="${key}"]`);
        await notice.waitFor();
        assert.match(await notice.innerText(), words);
        assert.equal((await vitrine.ranking()).length, 20);
      });
    });
  }

  test("what looks like a letter is one", async () => {
    await open("?v=1&backend=cpu&q=men%27s+sofa", async (vitrine) => {
      const meant = await vitrine.order();
      await vitrine.search("lamp");
      await vitrine.search("\u{FEFF}men\u{2019}s\u{A0}so\u{200B}fa\u{3000}");
      assert.deepEqual(await vitrine.order(), meant);
      assert.deepEqual(await aboutTheQuery(vitrine), []);
    });
  });

  test("says of each query what is wrong with it, also after another", async () => {
    await open("?v=1&q=lamp", async (vitrine) => {
      const said = async (query) => {
        await vitrine.search(query);
        return (await vitrine.notices()).map(({ text }) => text).join(" ");
      };
      assert.match(await said("nvxie"), /nvxie/);
      assert.equal(await said("lamp"), "");
      const second = await said("sofaa");
      assert.match(second, /sofaa/);
      assert.doesNotMatch(second, /nvxie/);
    });
  });

  test("suggests by what a text looks like", async () => {
    await open("", async (vitrine) => {
      const suggested = async (typed) => {
        await vitrine.get("query").fill(typed);
        await vitrine.page.getByRole("option").first().waitFor();
        return vitrine.page.getByRole("option").allInnerTexts();
      };
      const plain = await suggested("sof");
      assert.ok(plain.length > 0);
      assert.deepEqual(await suggested("\u{FEFF}\u{FF53}o\u{200B}f"), plain);
    });
  });

  test("suggests queries of the shop, and takes the one that is picked", async () => {
    await open("", async (vitrine) => {
      await vitrine.get("query").fill("so");
      const option = vitrine.page.getByRole("option").first();
      const text = (await option.innerText()).trim();
      await vitrine.after(async () => {
        await vitrine.get("query").press("ArrowDown");
        await vitrine.get("query").press("Enter");
      });
      assert.equal(await vitrine.get("query").inputValue(), text);
    });
  });
});
