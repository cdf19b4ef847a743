// The machine: both systems drawn part by part, with one product's real numbers in every part.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { test, useStage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);
/** Runs a test on the page that several share. */
const shared = async (link, use, viewport = { width: 1280, height: 720 }) => {
  const vitrine = await begin(link, viewport);
  await drawn(vitrine);
  await use(vitrine);
};

const LINK = "?v=1&backend=cpu&q=couch&panel=machine";
const part = (vitrine, system, key) => vitrine.get(`machine-${system}`).locator(`[data-part="${key}"]`);
const drawn = (vitrine) =>
  vitrine.page.waitForFunction(() => document.querySelector(".machine .part") && !document.querySelector(".machine.stale"));
/** The formulas with numbers put in, of the part that is opened. */
const lines = (vitrine) => vitrine.get("machine-part").locator(".formula.numbers").allInnerTexts();
const numbers = (text) => (text.replaceAll("−", "-").match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
const near = (a, b) => Math.abs(a - b) < 5e-3 * Math.max(Math.abs(a), Math.abs(b), 0.05);
const title = (vitrine) => vitrine.page.locator(".machine .chosen-title p").innerText();
const moved = (vitrine) =>
  vitrine.page.locator(".machine .part.moved").evaluateAll((all) => all.map(({ dataset }) => dataset.part));

test("every part of both systems is drawn, and opened shows its formula and the numbers of the score", () =>
  shared(LINK, async (vitrine) => {
    const [first] = await vitrine.ranking();
    assert.equal(await vitrine.get("machine-retriever").locator(".part").count(), 16);
    assert.equal(await vitrine.get("machine-ranker").locator(".part").count(), 16);
    // No box lies on another, and none is cut.
    const boxes = await vitrine.get("machine-ranker").locator(".part").evaluateAll((all) =>
      all.map((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return { left, right, top, bottom, cut: one.scrollHeight > one.clientHeight + 1 ? one.dataset.part : "" };
      }),
    );
    assert.deepEqual(boxes.map(({ cut }) => cut).filter(Boolean), []);
    for (const [n, a] of boxes.entries())
      for (const b of boxes.slice(n + 1))
        assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);

    await part(vitrine, "ranker", "gates").click();
    const opened = vitrine.get("machine-part");
    assert.match(await opened.innerText(), /wk = softmax/);
    const shares = await opened.locator(".vector").evaluateAll((all) =>
      all.map((vector) => [...vector.querySelectorAll("li small")].map((cell) => Number(cell.textContent.replace("−", "-")))),
    );
    assert.equal(shares.length, 2, "a gate a task");
    for (const of of shares) {
      assert.equal(of.length, 4);
      assert.ok(Math.abs(of.reduce((sum, one) => sum + one, 0) - 1) < 3e-3);
    }
    // By the keyboard, too.
    await part(vitrine, "retriever", "score").focus();
    await vitrine.page.keyboard.press("Enter");
    const [line] = await lines(vitrine);
    assert.match(line, /^z = \(.*…\)\d+ · \(.*…\)\d+ = /);
    const [score] = numbers(line).slice(-1);
    await vitrine.goTo(`?v=1&backend=cpu&q=couch&look=${first.id}`);
    await vitrine.get("score-breakdown").waitFor();
    await vitrine.rest();
    const values = await vitrine.get("score-breakdown").getAttribute("data-values");
    assert.ok(Math.abs(score - JSON.parse(values).retrieval_score) < 1e-3);
  }));

test("a lesson shows a part with the numbers of its state, and leads to it in the whole machine", async () => {
  const vitrine = await begin("?v=1&backend=cpu&panel=lessons&lesson=09-experts-and-gates.1", { width: 1280, height: 720 });
  const shares = (place) =>
    place.locator(".vector").evaluateAll((all) =>
      all.map((vector) => [...vector.querySelectorAll("li small")].map((cell) => Number(cell.textContent.replace("−", "-")))),
    );
  const apart = vitrine.get("machine-apart");
  await apart.locator(".vector").nth(1).waitFor();
  assert.match(await apart.innerText(), /wk = softmax/);
  const gates = await shares(apart);
  assert.equal(gates.length, 2, "a gate a task");
  for (const gate of gates) {
    assert.equal(gate.length, 4);
    assert.ok(Math.abs(gate.reduce((sum, one) => sum + one, 0) - 1) < 3e-3, gate.join());
  }
  await vitrine.get("machine-whole").click();
  await drawn(vitrine);
  assert.equal(await part(vitrine, "ranker", "gates").getAttribute("aria-selected"), "true");
  assert.deepEqual(await shares(vitrine.get("machine-part")), gates);
});

test("a knob that is turned rings the parts that it moves, and no other", async () => {
  let first;
  await shared(LINK, async (vitrine) => {
    [first] = await vitrine.ranking();
  });
  // Where a page begins there is no state before.
  await withVitrine(stage, { link: `${LINK}&look=${first.id}` }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    assert.deepEqual(await moved(vitrine), []);
    await vitrine.after(() => vitrine.set("gate-temperature", 5));
    await vitrine.page.locator(".machine .part.moved").first().waitFor();
    const rung = await moved(vitrine);
    // Whether the place is another, too, depends on the other products.
    assert.deepEqual(rung.filter((key) => key !== "shelf").sort(), ["blend", "chance", "gates", "mixture", "utility"]);
    const says = await vitrine.get("machine-status").textContent();
    assert.ok(says.startsWith(`${rung.length} parts moved since the last state, most of all: `), says);
  });
});

test("a weight that is turned to 0 rings the blend, whose formula comes to the score of the card", () =>
  shared(`${LINK}&part=ranker.blend`, async (vitrine) => {
    const { page } = vitrine;
    await vitrine.set("weight-order", 0);
    await page.locator('.machine .part.moved[data-part="blend"]').waitFor();
    await vitrine.rest();
    await drawn(vitrine);
    // What is first on the page may be another product, at the place of the one before.
    for (const key of await moved(vitrine)) assert.ok(["blend", "shelf", "place", "bias"].includes(key), key);
    const says = await vitrine.get("machine-status").textContent();
    // Where the product has come to be another place, that is more of a change.
    assert.match(says, / moved since the last state.*(?:Blend|Place on the shelf) \(\S+ → \S+\)/);

    const [card] = await vitrine.ranking();
    const [line, told] = await lines(vitrine);
    assert.match(line, /^y = \([\d.]+\/[\d.]+\)1click · \(.+\)0order = [\d.]+$/);
    const [chance, usual] = numbers(line);
    const score = numbers(line).at(-1);
    assert.ok(near(chance / usual, score), line);
    assert.ok(Math.abs(score - Number(card.score)) <= 1e-3 * score, `${line}, on the card ${card.score}`);
    assert.match(told, /^Score \d+(\.\d+)?×$/);
    assert.ok(Math.abs(numbers(told)[0] - score) <= 0.06 * Math.max(score, 1), told);
    assert.match(await part(vitrine, "ranker", "shelf").locator("strong").innerText(), /^place 1 of \d+$/);

    // The sum of DMT's equation 6, each weight half of both.
    await vitrine.goTo(`${LINK}&part=ranker.blend&blend=sum`);
    await page.waitForFunction(() => document.querySelector("#machine-part")?.innerText.includes("y = 0.5000 · "));
    const [sum] = await lines(vitrine);
    const [, click, , order, whole] = numbers(sum);
    assert.ok(near((click + order) / 2, whole), sum);
    // Of a page the mean is blended, and there is no place.
    await part(vitrine, "ranker", "shelf").click();
    await page.waitForFunction(() => /place 1 of \d+/.test(document.querySelector("#machine-part").innerText));
    await vitrine.get("machine-whose").locator('[value="page"]').check({ force: true });
    await page.waitForFunction(() => /^Mean of/.test(document.querySelector(".machine .chosen-title p").innerText));
    assert.deepEqual(await lines(vitrine), []);
    assert.match(await part(vitrine, "ranker", "blend").locator("strong").innerText(), /^0\.\d+$/);
    // Without a ranker nothing is blended.
    await vitrine.goTo(`${LINK}&ranker=none`);
    await page.waitForFunction(() => !document.querySelector('.machine [data-part="blend"], .machine.stale'));
    assert.match(await part(vitrine, "ranker", "shelf").locator("strong").innerText(), /^place 1 of \d+$/);
  }));

test("the coarse ranker is drawn behind the retriever, says what puts it to use, and then whom it passes on", () =>
  withVitrine(stage, { link: `${LINK}&candidates=60&part=retriever.coarse-cut` }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const { page } = vitrine;
    const opened = vitrine.get("machine-part");
    const asks = "Switch on “Coarse ranking” first.";
    const keys = ["coarse-request", "coarse-item", "coarse-score", "coarse-cut"];
    for (const key of keys) assert.match(await part(vitrine, "retriever", key).getAttribute("class"), /absent/, key);
    assert.equal(await part(vitrine, "retriever", "coarse-cut").locator("small").innerText(), asks);
    assert.ok((await opened.innerText()).includes(asks));
    assert.deepEqual(await lines(vitrine), []);

    await vitrine.after(() => vitrine.set("coarse-ranker", true));
    await page.waitForFunction(() => document.querySelector('.machine [data-part="coarse-cut"] strong'));
    for (const key of keys) assert.doesNotMatch(await part(vitrine, "retriever", key).getAttribute("class"), /absent/, key);
    const [line, says] = await lines(vitrine);
    assert.match(line, /^#c = 1 \+ \d+ = \d+ ≤ 20$/);
    const [, above, place] = numbers(line);
    assert.equal(above + 1, place);
    assert.match(says, /^Of 60 retrieved products the first 20 go on to the ranker, this one among them\.$/);
    assert.equal(await part(vitrine, "retriever", "coarse-cut").locator("strong").innerText(), `place ${place} of 60`);
    // It is a part of MOPPR's paper, and its file can be read.
    assert.match(await opened.innerText(), /MOPPR.*, in the paper: 7\.3\./);
    assert.match(await opened.innerText(), /src\/engine\/pipeline\/coarse\.rs/);
    await part(vitrine, "retriever", "coarse-score").click();
    const [score] = await lines(vitrine);
    assert.match(score, /^zc = \(.*…\)\d+ · \(.*…\)\d+ = /);
    assert.match(await opened.innerText(), /1 × 1/);

    // Where no more are retrieved than go on, nothing is cut.
    await vitrine.goTo(`${LINK}&candidates=10&coarse=on&part=retriever.coarse-cut`);
    await page.waitForFunction(() => document.querySelector("#machine-part")?.innerText.includes("Nothing is cut"));
  }));

test("where nothing has keys of its own, space plays and pauses the walk, and arrows take steps", () =>
  shared(LINK, async (vitrine) => {
    const { page } = vitrine;
    const now = async () => numbers(await vitrine.get("machine-step").textContent());
    const step = (from) =>
      page.waitForFunction((from) => Number(/\d+/.exec(document.querySelector('[data-testid="machine-step"]').textContent)) >= from, from);
    assert.match(await vitrine.get("machine-how").innerText(), /space plays and pauses/);
    await page.locator("#studio-panel").focus();
    await page.keyboard.press("ArrowRight");
    await page.locator(".machine .stages.reached").waitFor();
    assert.deepEqual(await now(), [1, 33]);
    assert.match(await vitrine.get("machine-part").innerText(), /^The funnel: /);
    assert.equal(await page.locator(".machine .part:not(.ahead)").count(), 0);
    await page.keyboard.press("ArrowRight");
    await page.locator('.machine [data-part="pieces"][aria-selected="true"]').waitFor();
    await page.keyboard.press(" ");
    await step(3);
    await page.keyboard.press(" ");
    assert.equal(await vitrine.get("machine-lead").getAttribute("aria-pressed"), "false");
    const [at] = await now();
    await page.keyboard.press("ArrowLeft");
    assert.deepEqual(await now(), [at - 1, 33]);
    // It ends at the place on the shelf.
    for (let place = at - 1; place <= 33; place++) await page.keyboard.press("ArrowRight");
    await page.locator('.machine [data-part="shelf"][aria-selected="true"]').waitFor();
    assert.deepEqual(await now(), [33, 33]);
    assert.equal(await page.locator(".machine .part.ahead").count(), 0);
    // What one stands at has its keys for itself.
    await vitrine.get("machine-svg").focus();
    await page.keyboard.press("ArrowLeft");
    assert.deepEqual(await now(), [33, 33]);
  }));

test("on a narrow page the parts are a list, from what comes in to what comes out", () =>
  shared(LINK, async (vitrine) => {
    const tops = await vitrine.get("machine-retriever").locator(".part").evaluateAll((all) =>
      all.map((one) => one.getBoundingClientRect()).map(({ top, left, right }) => ({ top, left, right })),
    );
    for (const [n, box] of tops.entries()) {
      assert.ok(box.left >= 0 && box.right <= 390);
      if (n > 0) assert.ok(box.top > tops[n - 1].top);
    }
  }, { width: 390, height: 800 }));

test("a formula has the numbers of this product, and they come to what is shown", () =>
  shared(`${LINK}&ranker=mlpr&part=ranker.chance`, async (vitrine) => {
    const steps = await lines(vitrine);
    assert.equal(steps.length, 3, "a line a task");
    const order = numbers(steps[2].split("=").slice(1).join("="));
    assert.equal(order.length, 4);
    assert.ok(near(order[0] * order[1] * order[2], order[3]), steps[2]);

    await part(vitrine, "ranker", "stage-1").click();
    const [click] = await lines(vitrine);
    const weights = [...click.matchAll(/([\d.]+) H\d\(x\)/g)].map(([, weight]) => Number(weight));
    assert.equal(weights.length, 4);
    assert.ok(near(weights.reduce((sum, one) => sum + one, 0), 1), click);

    await part(vitrine, "retriever", "chance").click();
    const [chance] = await lines(vitrine);
    assert.match(chance, /^ŷ = exp\([\d.]+\/0\.02\) \/ Σ exp\(z\/0\.02\) = [\d.]+/);
    await vitrine.after(() => vitrine.set("temperature", 0.1));
    await vitrine.page.waitForFunction(() => document.querySelector("#machine-part")?.innerText.includes("/0.1) / Σ"));
    for (const text of await vitrine.page.locator(".machine .part strong").allInnerTexts())
      assert.doesNotMatch(text, /^−?0\.0+$/, "no number reads as nothing");
  }));

test("the part that is opened is in the link, and comes back with it", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    await part(vitrine, "ranker", "gates").click();
    await vitrine.page.waitForFunction(() => location.hash.includes("part=ranker.gates"));
    await vitrine.search("oak table");
    await part(vitrine, "retriever", "item").click();
    await vitrine.page.waitForFunction(() => location.hash.includes("part=retriever.item"));
    await vitrine.page.goBack();
    await vitrine.page.locator('.machine [data-part="gates"][aria-selected="true"]').waitFor();
    await vitrine.page.goForward();
    await vitrine.page.locator('.machine [data-part="item"][aria-selected="true"]').waitFor();
    // What another system has not is not opened.
    await vitrine.goTo(`${LINK}&ranker=none&part=ranker.gates`);
    await vitrine.page.waitForFunction(() => !document.querySelector('.machine [aria-selected="true"]'));
    await vitrine.rest();
    await drawn(vitrine);
    assert.equal(await vitrine.page.locator('.machine [aria-selected="true"]').count(), 0);
  }));

for (const width of [1440, 1024, 768])
  test(`at ${width} pixels nothing is wider than the panel, and all can be read`, () =>
    shared(`${LINK}&ranker=mlpr`, async (vitrine) => {
      const seen = await vitrine.page.locator(".machine").evaluate((machine) => ({
        wider: machine.scrollWidth - machine.clientWidth,
        drawings: machine.querySelectorAll(".drawing svg").length,
        least: Math.min(
          ...[...machine.querySelectorAll(".part .name")].map((name) => {
            const zoom = Number(name.closest(".drawing").style.zoom) || 1;
            return parseFloat(getComputedStyle(name).fontSize) * zoom;
          }),
        ),
        cut: [...machine.querySelectorAll(".part")]
          .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
          .map(({ dataset }) => dataset.part),
      }));
      assert.deepEqual([seen.wider, seen.cut], [0, []]);
      assert.equal(seen.drawings, 2);
      assert.ok(seen.least >= 11, `${seen.least} pixels`);
    }, { width, height: 900 }));

test("the numbers are held against a pinned state", () =>
  withVitrine(stage, { link: `${LINK}&a=q:couch;gate-temperature:5` }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const choose = (value) => vitrine.get("machine-against").locator(`[value="${value}"]`).check({ force: true });
    await choose("A");
    await vitrine.page.locator(".machine .part.moved").first().waitFor();
    const rung = await moved(vitrine);
    assert.deepEqual(rung.filter((key) => key !== "shelf").sort(), ["blend", "chance", "gates", "mixture", "utility"]);
    const says = await vitrine.get("machine-status").textContent();
    assert.ok(says.startsWith(`${rung.length} parts differ from A, most of all: `), says);
    // What a gate takes more of an expert it takes less of the others.
    await part(vitrine, "ranker", "gates").click();
    assert.equal(await vitrine.get("machine-part").locator(".difference").count(), 2);
    assert.match(await part(vitrine, "ranker", "chance").locator("strong").innerText(), /[+−]0\.0/);
    await choose("before");
    await drawn(vitrine);
    assert.deepEqual(await moved(vitrine), []);
  }));

test("the page's products can be seen in the mean, and one of them in passing", () =>
  shared(`${LINK}&part=ranker.gates`, async (vitrine) => {
    const [own, shown] = [await title(vitrine), await vitrine.ranking()];
    const other = vitrine.page.locator(`[data-testid="shelf"] [data-product-id="${shown[1].id}"] .title`);
    // Above the studio, wherever the test before has left the page, once that has come to rest.
    await vitrine.still();
    await other.evaluate((one) => scrollBy({ top: one.getBoundingClientRect().top - 160, behavior: "instant" }));
    const { x, y } = await other.boundingBox();
    await vitrine.page.mouse.move(x + 4, y + 4);
    await vitrine.page.waitForFunction((own) => document.querySelector(".machine .chosen-title p").innerText !== own, own);
    assert.equal(await title(vitrine), await other.innerText());
    await vitrine.get("query").hover();
    await vitrine.page.waitForFunction((own) => document.querySelector(".machine .chosen-title p").innerText === own, own);

    await vitrine.get("machine-whose").locator('[value="page"]').check({ force: true });
    await vitrine.page.waitForFunction(() => /^Mean of the page’s \d+/.test(document.querySelector(".machine .chosen-title p").innerText));
    assert.equal(numbers(await title(vitrine))[0], shown.length);
    const shares = await vitrine.get("machine-part").locator(".vector").first().locator("li small").allInnerTexts();
    assert.ok(near(shares.map(Number).reduce((sum, one) => sum + one, 0), 1));
    assert.deepEqual(await lines(vitrine), [], "means are not what the formula makes of means");
  }));

test("depth, comparison and the mean are in the link, come back with it and can be undone", () =>
  withVitrine(stage, { link: `${LINK}&a=q:couch;gate-temperature:5` }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const choose = (group, value) => vitrine.get(group).locator(`[value="${value}"]`).check({ force: true });
    const link = (text) => vitrine.page.waitForFunction((text) => location.hash.includes(`machine=${text}&`), text);
    await choose("machine-whose", "page");
    await link("page");
    await vitrine.page.waitForTimeout(1000);
    await choose("machine-against", "A");
    await link("page,a");
    await vitrine.page.waitForTimeout(1000);
    await vitrine.page.locator("#machine-item-retriever").click();
    await link("page,a,retriever");
    await drawn(vitrine);
    const shown = async () => ({
      whose: await vitrine.get("machine-whose").locator("input:checked").inputValue(),
      against: await vitrine.get("machine-against").locator("input:checked").inputValue(),
      parts: await vitrine.page.locator('.machine [aria-level="3"]').count(),
    });
    const all = { whose: "page", against: "A", parts: 16 };
    assert.deepEqual(await shown(), all);
    await vitrine.page.reload();
    await vitrine.ready();
    await drawn(vitrine);
    assert.deepEqual(await shown(), all);
    assert.match(await title(vitrine), /^Mean of the page’s/);
    await vitrine.page.locator("#machine-item-retriever").click();
    await link("page,a");
    await vitrine.get("undo").click();
    await link("page,a,retriever");
    assert.deepEqual(await shown(), all);
    // What there is none of is said, and the rest opens.
    await vitrine.open(`${LINK}&machine=page,moon`);
    await vitrine.ready();
    await vitrine.notice(/link-machine.*moon/);
    assert.equal((await shown()).whose, "page");
  }));

test("being led through the machine is one step to undo", () =>
  withVitrine(stage, { link: `${LINK}&part=retriever.query` }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    await vitrine.get("machine-lead").click();
    await vitrine.page.waitForFunction(() => Number(/\d+/.exec(document.querySelector('[data-testid="machine-step"]').textContent)) >= 3);
    assert.match(await vitrine.page.evaluate(() => location.hash), /part=retriever\.query/);
    await vitrine.get("machine-lead").click();
    await vitrine.page.waitForFunction(() => !location.hash.includes("part=retriever.query"));
    await vitrine.get("undo").click();
    await vitrine.page.waitForFunction(() => location.hash.includes("part=retriever.query"));
    assert.equal(await vitrine.get("undo").isDisabled(), true, "it was the only one");
  }));

test("a wheel with Ctrl comes closer and goes away, and without it is the page's", () =>
  shared(LINK, async (vitrine) => {
    const { page } = vitrine;
    const wheel = (deltaY, ctrlKey) =>
      page.locator('.machine [role="tree"]').evaluate(
        (tree, init) => {
          const event = new WheelEvent("wheel", { bubbles: true, cancelable: true, ...init });
          tree.dispatchEvent(event);
          return event.defaultPrevented;
        },
        { deltaY, ctrlKey },
      );
    const items = page.locator('.machine [role="tree"] [role="treeitem"]');
    assert.equal(await items.count(), 35);
    assert.equal(await wheel(-120, false), false);
    assert.equal(await page.locator('.machine .part[aria-selected="true"]').count(), 0, "nothing is opened");
    assert.equal(await wheel(-120, true), true, "the browser's own zoom stays out of it");
    await page.locator('.machine .part[aria-selected="true"]').waitFor();
    await page.waitForFunction(() => location.hash.includes("part="));
    assert.equal(await wheel(120, true), true);
    await page.waitForFunction(() => !location.hash.includes("part="));
    assert.equal(await items.count(), 35);
    await wheel(120, true);
    await page.waitForFunction(() => document.querySelectorAll('.machine [role="treeitem"]').length === 1);
    await wheel(-120, true);
    await page.waitForFunction(() => document.querySelectorAll('.machine [role="treeitem"]').length === 35);
  }));

test("the keyboard reaches every part, comes closer and goes away", () =>
  withVitrine(stage, { link: LINK }, async (vitrine) => {
    await vitrine.ready();
    await drawn(vitrine);
    const { page } = vitrine;
    const at = () => page.evaluate(() => document.activeElement.id);
    const items = page.locator('.machine [role="tree"] [role="treeitem"]');
    const levels = await items.evaluateAll((all) => all.map((one) => one.getAttribute("aria-level")).join(""));
    assert.equal(levels, `12${"3".repeat(16)}2${"3".repeat(16)}`);
    assert.equal(await page.locator('.machine [role="treeitem"][tabindex="0"]').count(), 1);
    await vitrine.get("machine-closer").focus();
    await page.keyboard.press("Tab");
    assert.equal(await at(), "machine-item");
    for (const id of await items.evaluateAll((all) => all.map(({ id }) => id))) {
      assert.equal(await at(), id);
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await page.locator('.machine [data-part="shelf"][aria-selected="true"]').waitFor();
    assert.equal(await page.locator('.machine [role="treeitem"][tabindex="0"]').count(), 1);
    // Away from the part, from the systems; and back.
    await page.keyboard.press("-");
    await page.waitForFunction(() => !location.hash.includes("part="));
    await page.keyboard.press("-");
    await page.waitForFunction(() => document.activeElement.id === "machine-item");
    assert.equal(await items.count(), 1);
    await page.keyboard.press("ArrowRight");
    assert.equal(await items.count(), 35);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await items.count(), 19, "the retriever is folded");
  }));

test("a word of the field says what it means where it is met", () =>
  shared(`${LINK}&part=ranker.gates`, async (vitrine) => {
    const terms = vitrine.get("machine-terms");
    assert.deepEqual(await terms.getByRole("button").allInnerTexts(), ["gate", "softmax", "temperature"]);
    const about = terms.locator(".about");
    assert.deepEqual(await about.evaluateAll((all) => all.map((one) => getComputedStyle(one).display)), ["none", "none", "none"]);
    await terms.getByRole("button").first().hover();
    await terms.locator(".about.open").waitFor();
    assert.match(await terms.locator(".about.open").innerText(), /how much of each expert a task takes/);
    // By the keyboard, too, and Escape closes it.
    await vitrine.page.mouse.move(0, 0);
    await part(vitrine, "ranker", "chance").focus();
    await vitrine.page.keyboard.press("Tab");
    await terms.locator(".about.open").waitFor();
    await vitrine.page.keyboard.press("Escape");
    await vitrine.page.waitForFunction(() => !document.querySelector(".terms .about.open"));
    assert.ok(await vitrine.get("machine").isVisible());
  }));

test("the drawing is saved with every part and its numbers", () =>
  shared(LINK, async (vitrine) => {
    for (const ending of ["svg", "png"]) {
      const coming = vitrine.page.waitForEvent("download");
      await vitrine.get(`machine-${ending}`).click();
      const file = await coming;
      assert.match(file.suggestedFilename(), new RegExp(`^machine-couch-.*\\.${ending}$`));
      const bytes = await readFile(await file.path());
      if (ending === "png") assert.equal(bytes.toString("latin1", 1, 4), "PNG");
      else {
        const read = await vitrine.page.evaluate((text) => {
          const drawing = new DOMParser().parseFromString(text, "image/svg+xml");
          return { wrong: drawing.querySelector("parsererror")?.textContent, text: drawing.documentElement.textContent };
        }, bytes.toString());
        assert.equal(read.wrong, undefined);
        // A name may stand in two lines.
        const bare = (text) => text.replaceAll(/\s/g, "");
        for (const said of ["Gates", "Request vector", "Blend", "place 1 of", "DMT: how it ranks", "→", await title(vitrine)])
          assert.ok(bare(read.text).includes(bare(said)), said);
        const chance = await part(vitrine, "retriever", "chance").locator("strong").innerText();
        assert.ok(read.text.includes(chance), chance);
      }
    }
  }));
