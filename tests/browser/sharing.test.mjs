// The state in other hands: files out and in, and the page within another.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);

async function saved(vitrine, act) {
  const [download] = await Promise.all([vitrine.page.waitForEvent("download"), act()]);
  const bytes = await readFile(await download.path());
  return { name: download.suggestedFilename(), bytes, text: bytes.toString("utf8") };
}

/** Opens a picture as anyone would who was given it: its size, how many colours it has, and whether it has a ground. */
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
    return { width, height, colours: new Set(pixels).size, opaque: pixels.every((pixel) => pixel >>> 24 === 255) };
  }, `data:${type};base64,${bytes.toString("base64")}`);
  await page.close();
  return found;
}

test("the ranking is saved with every score, as it stands on the shelf", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=share");
  await vitrine.page.locator(".charts figure").first().waitFor();
  const shelf = await vitrine.ranking();
  const today = new Date().toLocaleDateString("sv");
  for (const [form, cell, ending] of [
    ["comma", ",", "csv"],
    ["semicolon", ";", "csv"],
    ["tab", "\t", "tsv"],
  ]) {
    await vitrine.get("cells").selectOption(form);
    const table = await saved(vitrine, () => vitrine.get("save-csv").click());
    assert.equal(table.name, `ranking-couch-clara-${today}.${ending}`);
    assert.equal(table.text[0], "\ufeff", "programs are told that it is UTF-8");
    const [header, ...rows] = table.text.slice(1).trim().split("\n").map((line) => line.split(cell));
    assert.deepEqual(header.slice(0, 3), ["rank", "product", "title"]);
    assert.deepEqual(header.slice(-4), ["query", "shopper", "date", "link"]);
    assert.deepEqual(rows.slice(0, shelf.length).map(([, product]) => Number(product)), shelf.map(({ id }) => Number(id)));
    assert.deepEqual(rows[0].slice(-4), ["couch", "clara", today, `${stage.server.url}#v=1&q=couch`]);
    const score = rows[0].at(header.indexOf("score") - header.length);
    assert.match(rows[0].at(header.indexOf("score is") - header.length), /^Π \(P\(k\) \/ b\)\^\(w \/ Σ w\) \| w: click .* \| b: click /);
    assert.match(score, form === "semicolon" ? /^\d+,\d+$/ : /^\d+\.\d+$/);
  }
  const code = await saved(vitrine, () => vitrine.page.locator('[data-testid="qr"] + button').click());
  assert.equal(code.name, `link-couch-clara-${today}.svg`);
  assert.match(code.text, /^<svg/);
  const json = JSON.parse((await saved(vitrine, () => vitrine.get("save-json").click())).text);
  assert.equal(json.ranker, "dmt");
  assert.equal(json.products[0].product, Number(shelf[0].id));
  assert.ok(Math.abs(json.products[0].score - Number(shelf[0].score)) < 1e-4);
  assert.equal(json.products[0].gates.length, 8);
});

test("charts are saved as SVG and PNG", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=share");
  const chart = vitrine.page.locator(".charts figure").first();
  await chart.waitFor();
  for (const [form, type, scale] of [
    ["SVG", "image/svg+xml", 1],
    ["PNG", "image/png", 2],
  ]) {
    const file = await saved(vitrine, () => chart.getByRole("button", { name: form }).click());
    assert.match(file.name, new RegExp(`^softmax-couch-clara-[0-9-]+\\.${form.toLowerCase()}$`));
    const { width, height, colours, opaque } = await opened(vitrine, type, file.bytes);
    assert.deepEqual([width, height], [640 * scale, 372 * scale], form);
    assert.ok(colours > 10, `${form} shows ${colours} colours: there is no chart in it`);
    assert.ok(opaque, `${form} has no background`);
    if (form === "SVG") {
      for (const words of ["Softmax of the retriever", "probability by place", "compete in effect"]) {
        assert.ok(file.text.includes(words), `${words} stands in it`);
      }
    }
  }
});

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

test("a file that holds no state is said, and changes nothing", async () => {
  const vitrine = await begin("?v=1&q=lamp&panel=share");
  for (const [name, text, why] of [
    ["photo.json", "\u0000\u0001", /not valid JSON/],
    ["other.json", "{}", /another kind/],
    ["later.json", '{"vitrine":99,"link":""}', /version 99/],
  ]) {
    await vitrine.get("open-state").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
    await vitrine.notice(why);
    assert.equal(await vitrine.get("query").inputValue(), "lamp");
  }
});

test("the link has a code and a frame, and the frame shows what was asked for", () =>
  withVitrine(stage, { link: "?v=1&q=couch&panel=share" }, async (vitrine) => {
    await vitrine.get("qr").locator("svg").waitFor();
    assert.match(await vitrine.get("share-link").inputValue(), /\/#v=1&q=couch$/);
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
    assert.match(await whole.getAttribute("href"), /\/#v=1&q=couch$/);
  }));

test("a code is as large as a camera needs it, or is said to be too dense; a long link has a file", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=share");
  const modules = () =>
    vitrine.get("qr").locator("svg").evaluate((svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width);
  await vitrine.get("qr").locator("svg").waitFor();
  assert.equal(await modules(), 4);
  assert.equal(await vitrine.get("long-link").count(), 0);
  const edits = (count) => `#v=1&q=couch&panel=share&h=${"favourite:1234,".repeat(count)}click:1`;
  await vitrine.page.evaluate((link) => (location.hash = link), edits(55));
  await vitrine.page.waitForFunction(() => document.querySelector('[data-testid="qr"] svg')?.viewBox.baseVal.width > 90);
  await vitrine.page.setViewportSize({ width: 390, height: 844 });
  assert.ok((await modules()) >= 3, `${await modules()} pixels to a module on a telephone`);
  await vitrine.page.evaluate((link) => (location.hash = link), edits(80));
  await vitrine.get("no-code").waitFor();
  assert.equal(await vitrine.get("long-link").count(), 0);
  await vitrine.page.evaluate((link) => (location.hash = link), edits(190));
  await vitrine.get("long-link").waitFor();
  const { text } = await saved(vitrine, () => vitrine.get("save-long").click());
  assert.equal(JSON.parse(text).state.history.length, 191);
});

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
