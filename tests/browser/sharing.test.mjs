// The state in other hands: files out and in, and the page within another.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

async function saved(vitrine, act) {
  const [download] = await Promise.all([vitrine.page.waitForEvent("download"), act()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

test("the ranking is saved with every score, as it stands on the shelf", () =>
  withVitrine(stage, { link: "?v=1&q=couch&panel=share" }, async (vitrine) => {
    await vitrine.ready();
    await vitrine.page.locator(".charts figure").first().waitFor();
    const shelf = await vitrine.ranking();
    const csv = await saved(vitrine, () => vitrine.get("save-csv").click());
    assert.equal(csv.name, "ranking.csv");
    const [header, ...rows] = csv.text.trim().split("\n").map((line) => line.split(","));
    assert.deepEqual(header.slice(0, 3), ["rank", "product", "title"]);
    assert.deepEqual(rows.slice(0, shelf.length).map(([, product]) => Number(product)), shelf.map(({ id }) => Number(id)));
    const json = JSON.parse((await saved(vitrine, () => vitrine.get("save-json").click())).text);
    assert.equal(json.ranker, "dmt");
    assert.equal(json.products[0].product, Number(shelf[0].id));
    assert.ok(Math.abs(json.products[0].score - Number(shelf[0].score)) < 1e-4);
    assert.equal(json.products[0].gates.length, 8);
  }));

test("charts are saved as SVG and PNG", () =>
  withVitrine(stage, { link: "?v=1&q=couch&panel=share" }, async (vitrine) => {
    const chart = vitrine.page.locator(".charts figure").first();
    await chart.waitFor();
    const svg = await saved(vitrine, () => chart.getByRole("button", { name: "SVG" }).click());
    assert.match(svg.text, /^<svg [^>]*width="640"/);
    const png = await saved(vitrine, () => chart.getByRole("button", { name: "PNG" }).click());
    assert.equal(png.name, "softmax.png");
    assert.ok(png.text.includes("PNG") && png.text.length > 1000);
  }));

test("a state's file is opened, by choice and by dropping it on the page", () =>
  withVitrine(stage, { link: "?v=1&q=couch&gmv=on&panel=share" }, async (vitrine) => {
    await vitrine.ready();
    const { text } = await saved(vitrine, () => vitrine.get("save-state").click());
    assert.equal(JSON.parse(text).state.query, "couch");
    await vitrine.open("?v=1&q=lamp&panel=share");
    await vitrine.ready();
    await vitrine.get("open-state").setInputFiles({ name: "kept.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await vitrine.notice(/kept\.json was opened/);
    assert.equal(await vitrine.get("query").inputValue(), "couch");

    // The studio is not there yet when a file is dropped.
    await vitrine.open("?v=1&q=lamp");
    await vitrine.ready();
    await vitrine.page.evaluate((text) => {
      const files = new DataTransfer();
      files.items.add(new File([text], "dropped.json", { type: "application/json" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }, text);
    await vitrine.notice(/dropped\.json was opened/);
    assert.equal(await vitrine.get("query").inputValue(), "couch");
  }));

test("a file that holds no state is said, and changes nothing", () =>
  withVitrine(stage, { link: "?v=1&q=lamp&panel=share" }, async (vitrine) => {
    await vitrine.ready();
    for (const [name, text, why] of [
      ["photo.json", "\u0000\u0001", /no JSON/],
      ["other.json", "{}", /another kind/],
      ["later.json", '{"vitrine":99,"link":""}', /version 99/],
    ]) {
      await vitrine.get("open-state").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
      await vitrine.notice(why);
      assert.equal(await vitrine.get("query").inputValue(), "lamp");
    }
  }));

test("the link has a code and a frame, and the frame shows what was asked for", () =>
  withVitrine(stage, { link: "?v=1&q=couch&panel=share" }, async (vitrine) => {
    await vitrine.get("qr").locator("svg").waitFor();
    assert.match(await vitrine.get("share-link").inputValue(), /\?v=1&q=couch$/);
    const frame = await vitrine.get("share-frame").inputValue();
    const [, source] = /src="([^"]+)"/.exec(frame);
    await vitrine.page.setContent(`<iframe src="${source}" width="960" height="640"></iframe>`);
    const inside = vitrine.page.frameLocator("iframe");
    await inside.getByTestId("product").first().waitFor();
    assert.ok(await inside.getByTestId("gate-temperature").first().isVisible());
    assert.ok(!(await inside.getByTestId("query").isVisible()));
    assert.ok(!(await inside.getByTestId("expert-utilisation").isVisible()));
    const whole = inside.getByRole("link", { name: "Open in Vitrine" });
    await whole.evaluate((link) => {
      link.addEventListener("click", (event) => event.preventDefault());
      link.click();
    });
    assert.match(await whole.getAttribute("href"), /\?v=1&q=couch$/);
  }));
