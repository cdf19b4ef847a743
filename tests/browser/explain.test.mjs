// One product taken apart, the workbench of positions, and the map of the catalogue.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const open = usePage(stage);
const begin = (link) => open(link, { width: 1280, height: 720 });

const numbers = (rows) => rows.map(({ dataset }) => Number(dataset.value));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const near = (a, b, by) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

/** Waits until the chosen product is taken apart. */
const apart = (vitrine, product) =>
  vitrine.page.waitForFunction(
    (product) =>
      document.querySelector(".pick .chosen")?.dataset.productId === product &&
      document.querySelector('[data-testid="split"]') !== null &&
      document.querySelector(".explain.stale") === null,
    product,
  );

test("a product of the shelf is taken apart into parts that sum to its scores", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=couch");
  const [, , third] = await vitrine.ranking();
  await begin(`?v=1&backend=cpu&q=couch&look=${third.id}&panel=explain`);
  await apart(vitrine, third.id);
  assert.match(await vitrine.get("explain-status").textContent(), /^Stands #3 of /);
  const stages = vitrine.get("way").locator("tr[data-passed]");
  assert.deepEqual(await stages.evaluateAll((all) => all.map(({ dataset }) => dataset.passed)), ["true", "true", "true"]);

  const parts = await vitrine.get("split").locator("tr[data-part]").evaluateAll(numbers);
  near(sum(parts.slice(0, -1)), parts.at(-1), 1e-3);
  for (const [task, name] of ["u_click", "u_order"].entries()) {
    await vitrine.page.locator('input[name="explain-task"]').nth(task).check({ force: true });
    const features = vitrine.get("features");
    const { base, utility } = await features.evaluate(({ dataset }) => dataset);
    near(sum(await features.locator("tbody tr").evaluateAll(numbers)) + Number(base), Number(utility), 5e-3);
    const shown = await vitrine.page.locator('#studio [data-testid="score-breakdown"]').getAttribute("data-values");
    near(JSON.parse(shown)[name], Number(utility), 1e-5);
  }
});

test("what would change it is tried, can be stopped, and comes out as told", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=grey+couch&look=1&panel=explain");
  const [first] = await vitrine.ranking();
  await vitrine.get("pick").fill(first.id);
  // The catalogue comes with the studio's engine.
  await vitrine.get("picked").locator("li").first().waitFor();
  await vitrine.get("pick").press("Enter");
  await apart(vitrine, first.id);
  const words = vitrine.get("tried-words").locator("tbody tr");
  // Stopped by the page itself: for whoever asks it from outside all may be tried by then.
  await vitrine.page.waitForFunction(() => {
    const tried = (kind) => document.querySelectorAll(`[data-testid="tried-${kind}"] tbody tr`).length;
    const stops = tried("features") > 40 && tried("entries") > 0;
    if (stops) document.querySelector('[data-testid="tries-stop"]').click();
    return stops;
  });
  assert.match(await vitrine.get("tries-status").textContent(), /^\d+ of \d+ changes tried$/);
  const done = await vitrine.get("tries-status").textContent();
  await vitrine.page.waitForTimeout(800);
  assert.equal(await vitrine.get("tries-status").textContent(), done);
  assert.equal(await words.count(), 2);

  const row = words.filter({ hasText: "grey" });
  const told = await row.evaluate(({ dataset }) => ({ ...dataset }));
  await vitrine.after(() => row.getByRole("button").click());
  assert.equal(await vitrine.get("query").inputValue(), "couch");
  const now = (await vitrine.ranking()).find(({ id }) => id === first.id);
  assert.equal(told.lost, String(now === undefined));
  if (now !== undefined) {
    assert.equal(Number(told.rank), now.rank - 1);
    near(Number(told.score), Number(now.score), 1e-5);
  }
});

test("what the retriever attends to adds up, span by span, in rows of a line or two", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=dining+chair&shopper=mara&look=2600&panel=explain");
  await apart(vitrine, "2600");
  const lists = vitrine.get("retriever-attention").locator("table");
  await lists.first().waitFor();
  const sums = await lists.evaluateAll((all) =>
    all.map((table) => [...table.querySelectorAll("[data-share]")].reduce((sum, { dataset }) => sum + Number(dataset.share), 0)),
  );
  assert.ok(sums.length > 0);
  sums.forEach((total) => near(total, 1, 1e-3));
  assert.equal(await lists.locator("caption").count(), sums.length);
  for (const width of [1440, 1024, 390]) {
    await vitrine.page.setViewportSize({ width, height: 900 });
    const rows = await lists.locator("tr").evaluateAll((all) => all.map((row) => row.getBoundingClientRect().height));
    assert.ok(Math.max(...rows) <= 64, `${width}: ${rows}`);
    const bars = await lists.locator(".bar").evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect()));
    assert.ok(bars.every(({ width, height }) => width === 60 && height <= 6), JSON.stringify(bars[0]));
  }
});

test("any product of the catalogue is found, and told where it was lost", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=couch&panel=explain");
  await vitrine.get("pick").fill("butter salted");
  await vitrine.get("picked").locator("li").first().waitFor();
  await vitrine.get("pick").press("Tab");
  await vitrine.page.keyboard.press("Enter");
  const look = await vitrine.page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get("look"));
  await apart(vitrine, await look.jsonValue());
  const lost = vitrine.get("way").locator('tr[data-stage="relevance"]');
  assert.equal(await lost.getAttribute("data-passed"), "false");
  assert.match(await lost.textContent(), /lost here: [\d.]+ %/);
  assert.match(await vitrine.get("explain-status").textContent(), /^Relevance control loses it\./);
  // A product that there is not is said.
  await begin("?v=1&backend=cpu&q=couch&look=999999&panel=explain");
  await vitrine.notice(/no product 999999/);
});

test("a product is taken to another place by keys, by buttons and by the pointer", () =>
  withVitrine(stage, { link: "?v=1&backend=cpu&q=desk+lamp&panel=positions" }, async (vitrine) => {
    const rows = vitrine.get("bench").locator("tbody tr");
    const order = () => rows.evaluateAll((all) => all.map(({ dataset }) => dataset.productId));
    const told = (row, name) => row.locator(`[data-value="${name}"]`);
    await vitrine.page.waitForFunction(() => /%/.test(document.querySelector('[data-value="market"]')?.textContent ?? ""));
    const shelf = await order();
    const first = vitrine.page.locator(`[data-testid="bench"] tr[data-product-id="${shelf[0]}"]`);
    const before = { with: await told(first, "with").textContent(), without: await told(first, "without").textContent() };

    const handle = first.locator(".handle");
    await handle.focus();
    await handle.press("ArrowDown");
    await vitrine.page.waitForFunction((id) => document.activeElement?.id === `bench-${id}`, shelf[0]);
    await vitrine.page.keyboard.press("ArrowDown");
    await vitrine.page.waitForFunction(
      (id) => document.querySelectorAll('[data-testid="bench"] tbody tr')[2]?.dataset.productId === id,
      shelf[0],
    );
    await vitrine.page.waitForFunction(() =>
      /#3\. Click .* with the bias network, .* in the market\./.test(
        document.querySelector('[data-testid="positions-status"]').textContent,
      ),
    );
    assert.equal(await told(first, "without").textContent(), before.without);
    assert.notEqual(await told(first, "with").textContent(), before.with);
    const moved = [shelf[1], shelf[2], shelf[0], ...shelf.slice(3)];
    assert.deepEqual(await order(), moved);
    await vitrine.page.waitForFunction(
      (order) => new URLSearchParams(location.hash.slice(1)).get("bench") === order,
      moved.join(","),
    );

    // The link brings it back.
    await vitrine.page.reload();
    await rows.nth(2).waitFor();
    await vitrine.page.waitForFunction(
      (id) => document.querySelectorAll('[data-testid="bench"] tbody tr')[2]?.dataset.productId === id,
      shelf[0],
    );
    await first.getByRole("button", { name: /: up$/ }).click();
    assert.deepEqual((await order()).slice(0, 2), [shelf[1], shelf[0]]);
    await vitrine.get("bench-reset").click();
    await vitrine.page.waitForFunction(() => !location.hash.includes("bench="));
    assert.deepEqual(await order(), shelf);

    const from = await first.locator(".handle").boundingBox();
    const to = await rows.nth(3).boundingBox();
    await vitrine.page.mouse.move(from.x + 8, from.y + 8);
    await vitrine.page.mouse.down();
    await vitrine.page.mouse.move(from.x + 8, to.y + to.height / 2, { steps: 12 });
    await vitrine.page.mouse.up();
    assert.deepEqual((await order()).indexOf(shelf[0]), 3);
  }));

test("the map is read by keys, and a lasso takes products", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=couch&panel=map");
  const map = vitrine.get("map");
  await vitrine.page.waitForFunction(() => document.querySelector('[data-testid="map"]')?.dataset.values);
  const { products, retrieved } = JSON.parse(await map.getAttribute("data-values"));
  assert.ok(products >= 2000 && retrieved > 5 && retrieved <= 30);
  await map.focus();
  const hot = vitrine.get("map-hot");
  await map.press("ArrowRight");
  const one = await hot.textContent();
  assert.match(one, /.+: .+, \$[\d.,]+, .+/);
  await map.press("ArrowRight");
  assert.notEqual(await hot.textContent(), one);
  await map.press("Enter");
  await vitrine.page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).has("look"));

  // All of it, then a part of it.
  await vitrine.page.locator('[data-tool="in-view"]').click();
  const taken = async () => Number((await vitrine.get("taken").textContent()).replaceAll(",", "").match(/^\d+/)?.[0] ?? 0);
  assert.equal(await taken(), products);
  await vitrine.page.locator('[data-tool="query"]').click();
  for (let times = 0; times < 5; times += 1) {
    await map.press("+");
  }
  await vitrine.page.locator('[data-tool="in-view"]').click();
  const near = await taken();
  assert.ok(near > 0 && near < products, `${near} of ${products}`);

  await vitrine.page.locator('[data-tool="all"]').click();
  await vitrine.page.locator('[data-tool="lasso"]').click();
  await map.scrollIntoViewIfNeeded();
  const box = await map.boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await vitrine.page.mouse.move(...at(0.3, 0.3));
  await vitrine.page.mouse.down();
  for (const corner of [[0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]) {
    await vitrine.page.mouse.move(...at(...corner), { steps: 5 });
  }
  await vitrine.page.mouse.up();
  const lassoed = await taken();
  assert.ok(lassoed > 0 && lassoed < products, `${lassoed} of ${products}`);
  assert.equal(await vitrine.get("lassoed").locator("tbody tr").count(), Math.min(lassoed, 60));
});

test("the map shows what a knob moved, and what was kept as before", async () => {
  const vitrine = await begin("?v=1&backend=cpu&q=couch&panel=map");
  const status = (pattern) =>
    vitrine.page.waitForFunction(
      (source) => new RegExp(source).test(document.querySelector('[data-testid="map-status"]')?.textContent ?? ""),
      pattern.source,
    );
  await status(/variance/);
  await vitrine.page.locator('[data-tool="keep"]').click();
  await status(/Before: pin A\. (\d+) of \1 retrieved/);
  await vitrine.page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get("a")?.startsWith("q:couch"));
  await vitrine.search("running shoes");
  await status(/Before: pin A\. 0 of \d+ retrieved/);
  // Without a pin, the state before the last change is what was before.
  await vitrine.open("?v=1&backend=cpu&q=couch&panel=map");
  await vitrine.ready();
  await status(/variance[^.]*: [^.]*\.$/);
  await vitrine.search("sofa bed");
  await status(/Before: the state before the last change\. \d+ of \d+/);
});

test("a part of the machine opens to its flow, its square and all of its numbers, and leads here", async () => {
  const machine = (part) => begin(`?v=1&backend=cpu&q=oak+table&panel=machine&part=${part}`);
  const vitrine = await machine("ranker.gates");
  const { page } = vitrine;
  const opened = vitrine.get("machine-part");
  const flow = vitrine.get("machine-flow");
  await flow.waitFor();
  assert.equal(await vitrine.get("machine-shape").innerText(), "2 × 4");
  // Ribbons are as wide as the weights, and those of a task sum to one.
  const widths = await flow
    .locator("path:not(.brace)")
    .evaluateAll((all) => all.map((one) => Number(one.getAttribute("stroke-width")) / 72));
  assert.equal(widths.length, 8);
  near(sum(widths), 2, 0.09);
  const told = await flow.locator("li").allInnerTexts();
  assert.deepEqual(told.map((line) => line.split(":")[0]), ["Click", "Order"]);

  await machine("retriever.query");
  await opened.locator(".square").waitFor();
  const pieces = await opened.locator(".square .row").allInnerTexts();
  assert.ok(pieces.length >= 2, "each piece has a row");
  assert.deepEqual(await opened.locator(".square .column").allInnerTexts(), pieces);
  const among = opened.locator(".vector", { has: page.locator(".square") });
  for (const more of await among.locator("summary").all()) await more.click();
  await page.waitForFunction(
    (count) => document.querySelectorAll("#machine-part .vector:has(.square) li").length === count,
    pieces.length ** 2,
  );
  const weights = await among.locator("li small").allInnerTexts();
  // Next to nothing is told with its power of ten.
  near(sum(weights.map((text) => (text.includes("×") ? 0 : Number(text)))), pieces.length, 0.02);

  await machine("ranker.features");
  const all = opened.locator(".behind summary");
  await all.waitFor();
  assert.equal(await opened.locator(".vector li").count(), 8);
  const [, features] = /^1 × (\d+)$/.exec(await vitrine.get("machine-shape").innerText());
  // By the keyboard.
  await all.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    (count) => document.querySelectorAll("#machine-part .vector li").length === count,
    Number(features),
  );
  const [first] = await vitrine.ranking();
  await vitrine.get("machine-adds").click();
  await apart(vitrine, first.id);
});
