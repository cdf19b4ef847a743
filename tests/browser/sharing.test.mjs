// The state in other hands: files out and in, and the page within another.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

async function saved(vitrine, act) {
  const [download] = await Promise.all([vitrine.page.waitForEvent("download"), act()]);
  const bytes = await readFile(await download.path());
  return { name: download.suggestedFilename(), bytes, text: bytes.toString("utf8") };
}

/** Opens a picture as anyone would who was given it: its size, and how many colours it has. */
async function opened(vitrine, type, bytes) {
  const page = await vitrine.page.context().newPage();
  const found = await page.evaluate(async (source) => {
    const picture = new Image();
    picture.src = source;
    await picture.decode();
    const { naturalWidth: width, naturalHeight: height } = picture;
    const brush = new OffscreenCanvas(width, height).getContext("2d");
    brush.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(brush.getImageData(0, 0, width, height).data.buffer);
    return { width, height, colours: new Set(pixels).size };
  }, `data:${type};base64,${bytes.toString("base64")}`);
  await page.close();
  return found;
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
    for (const [form, type, scale] of [
      ["SVG", "image/svg+xml", 1],
      ["PNG", "image/png", 2],
    ]) {
      const file = await saved(vitrine, () => chart.getByRole("button", { name: form }).click());
      assert.equal(file.name, `softmax.${form.toLowerCase()}`);
      const { width, height, colours } = await opened(vitrine, type, file.bytes);
      assert.deepEqual([width, height], [640 * scale, 320 * scale], form);
      assert.ok(colours > 10, `${form} shows ${colours} colours: there is no chart in it`);
    }
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
    const course = `<!DOCTYPE html><link rel="icon" href="icon.svg"><title>Course</title><iframe src="${source}" width="960" height="640"></iframe>`;
    stage.server.faults.set("course.html", { body: course });
    await vitrine.page.goto(`${stage.server.url}course.html`);
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

test("what is built may load nothing from elsewhere, and runs no script that was not built in", () =>
  withVitrine(stage, { allow: [/Content Security Policy/] }, async (vitrine) => {
    await vitrine.ready();
    const policy = await vitrine.page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy.replace(/style-src-attr 'unsafe-inline'/, ""), /unsafe-inline|unsafe-eval[^']|https?:|\*/);
    const ran = await vitrine.page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
      return window.ran === true;
    });
    assert.ok(!ran);
  }));
