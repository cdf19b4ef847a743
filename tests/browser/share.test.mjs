// A link shows somebody else the same.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";

import { KEPT_SOON, test, useStage } from "./support/browser.mjs";
import { PANELS, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

describe("a link", () => {
  test("gives the same ranking, to the score, in another profile", async () => {
    let link;
    let ranking;
    const context = { permissions: ["clipboard-read", "clipboard-write"] };
    await withVitrine(stage, { context }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.search("oak table");
      await vitrine.after(() => vitrine.get("product").nth(2).locator('[data-act="cart"]').click());
      await vitrine.after(() => vitrine.set("gate-temperature", 2));
      await vitrine.set("weight-order", 0.35);
      await vitrine.after(() => vitrine.set("weight-relevance", 0.25));
      await vitrine.copy(vitrine.get("share"));
      link = await vitrine.page.evaluate(() => navigator.clipboard.readText());
      ranking = await vitrine.scores();
      assert.equal(link, vitrine.page.url(), "the address bar says the same");
    });
    assert.ok(link.startsWith(stage.server.url), link);
    assert.ok(link.length < 300, `a link of ${link.length} characters`);
    await withVitrine(stage, { link: link.slice(stage.server.url.length) }, async (vitrine) => {
      await vitrine.ready();
      assert.deepEqual(await vitrine.scores(), ranking);
      assert.equal(await vitrine.get("query").inputValue(), "oak table");
      assert.deepEqual(await vitrine.notices(), [], "nothing of the link was dropped");
    });
  });

  test("of the untouched page is the page's own address, and links are what back and forward go through", async () => {
    await withVitrine(stage, {}, async (vitrine) => {
      await vitrine.ready();
      await vitrine.get("share").click();
      assert.equal(vitrine.page.url(), stage.server.url);
      const first = await vitrine.scores();
      await vitrine.search("lamp");
      await vitrine.page.waitForURL(/#v=1&q=lamp$/);
      const second = await vitrine.scores();
      await vitrine.after(() => vitrine.page.goBack());
      assert.deepEqual(await vitrine.scores(), first);
      await vitrine.after(() => vitrine.page.goForward());
      assert.deepEqual(await vitrine.scores(), second);
    });
  });
});

/** The text on the clipboard, by another page. */
async function clipboard(vitrine) {
  const page = await vitrine.page.context().newPage();
  stage.server.faults.set("note.html", { body: '<!DOCTYPE html><link rel="icon" href="icon.svg"><title>Note</title>' });
  await page.goto(`${stage.server.url}note.html`);
  const text = await page.evaluate(() => navigator.clipboard.readText());
  await page.close();
  return text;
}

describe("what is typed", () => {
  const word = "quokka";
  /** The first lines of all requests that said the word. */
  const told = () => stage.server.heard.filter((said) => said.includes(word)).map((said) => said.split("\n")[0]);

  before(() => (stage.server.cache = "no-cache"));
  beforeEach(() => (stage.server.heard.length = 0));
  after(() => (stage.server.cache = "max-age=600"));

  for (const serviceWorkers of ["block", "allow"]) {
    test(`leaves the tab in no request, whatever is done: service workers ${serviceWorkers}ed`, () => leaves(serviceWorkers));
  }

  async function leaves(serviceWorkers) {
    const context = { serviceWorkers, permissions: ["clipboard-read", "clipboard-write"] };
    const prepare = ({ page }) => page.addInitScript(KEPT_SOON);
    await withVitrine(stage, { context, prepare }, async (vitrine) => {
      await vitrine.ready();
      if (serviceWorkers === "allow") {
        await vitrine.page.waitForFunction(() => /^All/.test(document.querySelector('[data-testid="kept"]')?.textContent));
        await vitrine.page.reload();
        await vitrine.ready();
        assert.ok(await vitrine.page.evaluate(() => navigator.serviceWorker.controller !== null), "a worker answers");
      }
      for (const key of `${word} lamp`) {
        await vitrine.get("query").press(key === " " ? "Space" : key);
      }
      await vitrine.search(`${word} lamp`);
      await vitrine.page.waitForURL(/#.*q=quokka/);
      await vitrine.get("share").click();
      // Files that are fetched when they are needed.
      await vitrine.after(() => vitrine.set("ranker", "mlpr"));
      await vitrine.get("language").click();
      await vitrine.page.locator('html[lang="zh-Hans"]').waitFor();
      await vitrine.get("language").click();
      for (const panel of PANELS) {
        await vitrine.page.evaluate((panel) => (location.hash += `&panel=${panel}`), panel);
        await vitrine.page.waitForFunction((panel) => location.hash.includes(`panel=${panel}`), panel);
        await vitrine.page.locator(`#tab-${panel}[aria-selected="true"]`).waitFor();
        await vitrine.still(700);
      }
      await vitrine.page.reload();
      await vitrine.ready();
      assert.equal(await vitrine.get("query").inputValue(), `${word} lamp`, "the link has it");
      assert.deepEqual(told(), []);
      // An old link tells it once, for there it stands, and never again.
      await vitrine.open(`?v=1&q=${word}`);
      await vitrine.ready();
      assert.match(vitrine.page.url(), /\/#v=1&q=quokka$/);
      await vitrine.page.reload();
      await vitrine.ready();
      assert.deepEqual(told(), serviceWorkers === "allow" ? [] : [`GET /?v=1&q=${word}`]);
    });
  }

  test("in an embed leaves it in no request either", () =>
    withVitrine(stage, { link: "#v=1&embed=query,shelf,knobs" }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.search(`${word} lamp`);
      await vitrine.page.waitForURL(/#.*q=quokka/);
      await vitrine.after(() => vitrine.set("ranker", "mlpr"));
      await vitrine.after(() => vitrine.set("coarse-ranker", true));
      await vitrine.page.reload();
      await vitrine.ready();
      assert.equal(await vitrine.get("query").inputValue(), `${word} lamp`);
      assert.deepEqual(told(), []);
    }));
});

describe("an address", () => {
  test("is read whichever way it arrived, and the next one is clean", async () => {
    let first;
    for (const link of [
      "?utm_source=mail&amp;q=couch&amp;w-order=0.3&amp;a=q:shoes%3Btau:0.1).&fbclid=IwAR",
      "#v%3D1%26q%3Dcouch%26w-order%3D0.3%26a%3Dq%3Ashoes%3Btau%3A0.1",
      "?q=lamp&ref=x#v=1&q=couch&w-order=0.3&a=tau:0.1。",
    ]) {
      const context = { permissions: ["clipboard-read", "clipboard-write"] };
      await withVitrine(stage, { link, context }, async (vitrine) => {
        await vitrine.ready();
        assert.deepEqual(await vitrine.notices(), [], link);
        first ??= await vitrine.scores();
        assert.deepEqual(await vitrine.scores(), first, link);
        await vitrine.copy(vitrine.get("share"));
        assert.equal(await vitrine.page.evaluate(() => location.hash), "#v=1&q=couch&w-order=0.3&a=tau:0.1");
        assert.equal(await clipboard(vitrine), `${stage.server.url}#v=1&q=couch&w-order=0.3&a=tau:0.1`);
      });
    }
  });

  test("that is written into the open page is gone to, by both ways a browser tells of it", async () => {
    await withVitrine(stage, { link: "#v=1&q=lamp" }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.after(() => vitrine.page.evaluate(() => (location.hash = "#v=1&q=couch&gmv=on")));
      assert.equal(await vitrine.get("query").inputValue(), "couch");
      await vitrine.after(() => vitrine.page.goBack());
      assert.equal(await vitrine.get("query").inputValue(), "lamp");
      // A browser that tells of it in one way alone.
      for (const [told, query] of [
        ["popstate", "desk"],
        ["hashchange", "shelf"],
      ]) {
        await vitrine.after(() =>
          vitrine.page.evaluate(
            ([told, query]) => {
              history.replaceState(null, "", `#v=1&q=${query}`);
              dispatchEvent(new Event(told));
            },
            [told, query],
          ),
        );
        assert.equal(await vitrine.get("query").inputValue(), query);
      }
      // The way to the start leaves the link behind.
      await vitrine.page.getByRole("link", { name: "Vitrine, from the start" }).click();
      await vitrine.page.waitForURL(stage.server.url);
      await vitrine.ready();
      assert.equal(await vitrine.get("query").inputValue(), "shoes");
      // An anchor is no link.
      await vitrine.search("lamp");
      await vitrine.page.evaluate(() => (location.hash = "#shelf"));
      await vitrine.rest();
      assert.equal(await vitrine.get("query").inputValue(), "lamp");
    });
  });

  test("has a title that tells it from others, in both languages and in a frame", async () => {
    await withVitrine(stage, { link: "#v=1&q=sofa" }, async (vitrine) => {
      await vitrine.ready();
      assert.equal(await vitrine.page.title(), "sofa for Clara, DMT · Vitrine");
      for (const [link, title] of [
        ["?v=1&q=sofa&shopper=mara&ranker=mlpr", "sofa for Mara, MLPR · Vitrine"],
        ["?v=1&surface=feed", "Feed for Clara, DMT · Vitrine"],
        ["?v=1&q=sofa&lang=zh", "Clara：sofa，DMT · Vitrine"],
      ]) {
        await vitrine.goTo(link);
        await vitrine.page.waitForFunction((title) => document.title === title, title);
      }
    });
    await withVitrine(stage, { link: "#v=1&q=sofa&embed=shelf" }, async (vitrine) => {
      await vitrine.ready();
      assert.equal(await vitrine.page.title(), "sofa for Clara, DMT · Vitrine");
    });
  });
});

describe("copying", () => {
  const context = { permissions: ["clipboard-read", "clipboard-write"] };
  /** As on a page that is not served securely. */
  const withoutClipboard = () => {
    Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined, configurable: true });
  };

  test("works without the clipboard of a secure origin, by every button", async () => {
    const prepare = ({ page }) => page.addInitScript(withoutClipboard);
    await withVitrine(stage, { link: "#v=1&q=couch&panel=share", context, prepare }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.copy(vitrine.get("share"));
      assert.equal(await clipboard(vitrine), `${stage.server.url}#v=1&q=couch&panel=share`);
      for (const testid of ["share-link", "share-frame"]) {
        const box = vitrine.page.locator(".copied", { has: vitrine.get(testid) });
        await vitrine.copy(box.getByRole("button"));
        assert.equal(await clipboard(vitrine), await vitrine.get(testid).inputValue());
        assert.ok(await box.getByRole("button").evaluate((button) => button === document.activeElement));
      }
      assert.equal(await vitrine.page.locator("body > textarea").count(), 0);
    });
  });

  test("copies the state where no history may be written", async () => {
    const prepare = ({ page }) =>
      page.addInitScript(() => {
        const refuse = () => {
          throw new DOMException("refused", "SecurityError");
        };
        History.prototype.replaceState = refuse;
        History.prototype.pushState = refuse;
      });
    await withVitrine(stage, { link: "?v=1&q=lamp", context, prepare }, async (vitrine) => {
      await vitrine.ready();
      await vitrine.search("couch");
      await vitrine.copy(vitrine.get("share"));
      assert.match(vitrine.page.url(), /q=lamp/);
      assert.equal(await clipboard(vitrine), `${stage.server.url}#v=1&q=couch`);
    });
  });

  test("in a frame of another page gives the link of the whole", async () => {
    const prepare = ({ page }) => page.addInitScript(withoutClipboard);
    await withVitrine(stage, { link: "#v=1&q=couch&embed=shelf,query", context, prepare }, async (vitrine) => {
      await vitrine.ready();
      const whole = vitrine.page.getByRole("link", { name: "Open in Vitrine" });
      assert.equal(await whole.evaluate((link) => link.href), `${stage.server.url}#v=1&q=couch`);
      await vitrine.search("lamp");
      await vitrine.copy(vitrine.page.getByRole("button", { name: "Copy link" }));
      assert.equal(await clipboard(vitrine), `${stage.server.url}#v=1&q=lamp`);
      assert.equal(await whole.evaluate((link) => link.href), `${stage.server.url}#v=1&q=lamp`);
    });
  });
});
