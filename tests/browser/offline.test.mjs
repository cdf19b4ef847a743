// Without a line, with a host that answers wrongly or has a newer version, and with no room to keep
// anything.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "node:test";

import { KEPT_SOON, launch, test, withPage } from "./support/browser.mjs";
import { Host } from "./support/host.mjs";
import { DIST } from "./support/server.mjs";
import { PANELS, PATIENCE, Vitrine } from "./support/vitrine.mjs";

const KEPT = { webgpu: true, context: { serviceWorkers: "allow" }, allow: [/Failed to load resource/, /net::ERR/, /module/, /did not load/] };
/** What ends the name of each file of MLPR. */
const MLPR = "assets/mlpr.safetensors";
const LESSON = "assets/lessons/01-vocabulary-gap.md";

/**
 * A browser, a host and a first visit to it; `wish` is what is to be kept.
 * @param {(vitrine: Vitrine, host: Host) => Promise<void>} use
 */
async function visit(wish, use, link = "?v=1&q=couch&backend=cpu") {
  const [browser, host] = await Promise.all([launch(), Host.start()]);
  try {
    await withPage({ browser, server: host.server }, KEPT, async (page) => {
      await page.context().addInitScript(KEPT_SOON);
      await page.context().addInitScript((wish) => {
        // A page that is not opened yet remembers nothing.
        if (location.protocol === "about:") return;
        if (!localStorage.getItem("vitrine-keep")) localStorage.setItem("vitrine-keep", wish);
      }, wish);
      const vitrine = new Vitrine(page, host.server);
      await vitrine.open(link);
      await vitrine.ready();
      await kept(vitrine);
      await use(vitrine, host);
    });
  } finally {
    await browser.close();
    await host.stop();
  }
}

/** Longest that it may take to keep all there is, the WebGPU engine with it. */
const KEEPING = { timeout: 3 * PATIENCE };

/** Waits until no more is being kept, and returns what is said of it. */
async function kept({ page }) {
  const said = () => {
    const text = document.querySelector('[data-testid="kept"]')?.textContent;
    return text && !/background/.test(text) && text;
  };
  return (await page.waitForFunction(said, undefined, KEEPING)).jsonValue();
}

/** Another page of the same browser. */
async function another(vitrine, link) {
  const page = await vitrine.page.context().newPage();
  const other = new Vitrine(page, vitrine.server);
  await other.open(link);
  await other.ready();
  return other;
}

/** Names of what is kept, whatever the version. */
const names = ({ page, server }) =>
  page.evaluate(async (url) => {
    const found = [];
    for (const key of await caches.keys()) {
      found.push(...(await (await caches.open(key)).keys()).map((request) => request.url.slice(url.length)));
    }
    return found.sort();
  }, server.url);

/** Waits until a file is kept, whatever the version: it is, behind its answer. */
const keeps = ({ page }, name) =>
  page.waitForFunction(async (name) => {
    const found = await Promise.all((await caches.keys()).map(async (key) => (await caches.open(key)).match(name)));
    return found.some(Boolean);
  }, name);

const ranker = (vitrine, name) => vitrine.after(() => vitrine.set("ranker", name));

test("after the first visit everything works without a line", () =>
  visit("all", async (vitrine, host) => {
    assert.match(await kept(vitrine), /^All .* are on this device/);
    await host.server.stop();
    // Another query, with a word of the long list, and weights that are not equal.
    await vitrine.open("?v=1&q=saxophone&w-relevance=0.3&backend=cpu");
    await vitrine.ready();
    assert.ok((await vitrine.ranking()).length > 0);
    await vitrine.after(() => vitrine.set("gate-temperature", 2));
    // Other networks of DMT: with another bias network, and with tasks that share otherwise.
    for (const [knob, to] of [["bias-page", true], ["bias-neighbours", false], ["multi-task", "shared-bottom"], ["multi-task", "single-task"]]) {
      await vitrine.after(() => vitrine.set(knob, to));
      assert.deepEqual(await vitrine.notices(), [], `${knob}=${to}`);
      assert.match(vitrine.page.url(), new RegExp(`${knob}=${to === true ? "on" : to === false ? "off" : to}`));
    }
    await ranker(vitrine, "mlpr");
    for (const link of ["?v=1&surface=feed&retriever=yandex", "?v=1&q=lamp&coarse=on&backend=auto", "?v=1&q=lamp&lang=zh"]) {
      await vitrine.open(link);
      await vitrine.ready();
      assert.deepEqual((await vitrine.notices()).filter(({ key }) => key !== "webgpu-refused"), [], link);
    }
    await vitrine.open("?v=1&q=couch&look=2&a=q:lamp&backend=cpu&panel=share");
    await vitrine.ready();
    for (const name of PANELS) {
      await vitrine.page.locator(`#tab-${name}`).click();
      await vitrine.opened(name);
      assert.deepEqual(await vitrine.page.locator("#studio [role=alert]").allTextContents(), [], name);
    }
    await vitrine.page.locator("#tab-lessons").click();
    await vitrine.page.locator("ol.all button").first().click();
    await vitrine.get("lesson").waitFor();
  }));

test("what is not kept is said to be, without a line, and comes with the next press once there is one", () =>
  visit("used", async (vitrine, host) => {
    // What no first visit needs is neither kept nor fetched.
    const needless = (all) => all.filter((name) => /^(trainer|studio|engine-webgpu)|^assets\/(mlpr|yandex|coarse|held-out|lessons|dmt-.*(unbiased|page|shared|single))/.test(name));
    assert.deepEqual(needless(await names(vitrine)), []);
    assert.deepEqual(needless(host.server.requests).filter((name) => !name.startsWith("engine-webgpu")), []);
    assert.ok(!(await names(vitrine)).includes(MLPR));
    await host.server.stop();
    // The engine asks the host afresh; WebGPU, which nobody asked for, is missed by nobody.
    await vitrine.open("?v=1&q=couch");
    await vitrine.ready();
    await vitrine.page.locator(".backend .sheet > p", { hasText: "no connection" }).waitFor({ state: "attached" });
    assert.deepEqual(await vitrine.notices(), []);
    await ranker(vitrine, "mlpr");
    await vitrine.notice(/asset-mlpr.*not kept on this device yet/s);
    await vitrine.get("studio-button").click();
    await vitrine.get("studio-again").waitFor();
    await vitrine.get("studio-again").click();
    await vitrine.get("studio-again").waitFor();
    await vitrine.get("studio-close").click();
    assert.ok(!(await vitrine.get("studio").isVisible()));

    await host.server.again();
    host.server.requests.length = 0;
    await ranker(vitrine, "dmt");
    await ranker(vitrine, "mlpr");
    assert.deepEqual(await vitrine.notices(), []);
    await vitrine.get("studio-button").click();
    await vitrine.get("studio-again").click();
    await vitrine.page.locator("#studio .studio-panel").waitFor();
    for (const name of [MLPR, "studio-loader.js", "studio.js", "studio_bg.wasm"]) {
      assert.ok(host.server.requests.includes(name), name);
    }
    await keeps(vitrine, MLPR);
  }));

test("nothing is kept where nothing is to be, and everything at a press", () =>
  visit("nothing", async (vitrine) => {
    assert.match(await kept(vitrine), /^Nothing is kept/);
    assert.deepEqual(await names(vitrine), []);
    await vitrine.get("backend").locator("summary").click();
    const button = vitrine.get("keep-everything");
    assert.match(await button.textContent(), /\d MB\)/);
    await button.click();
    await vitrine.page.waitForFunction(() => /^All/.test(document.querySelector('[data-testid="kept"]').textContent), undefined, KEEPING);
    assert.ok((await names(vitrine)).includes(MLPR));
    await vitrine.set("keep", "nothing");
    await vitrine.page.waitForFunction(() => /^Nothing/.test(document.querySelector('[data-testid="kept"]').textContent));
    assert.deepEqual(await names(vitrine), []);
  }));

test("another file in place of one is never kept, and not used", () =>
  visit("used", async (vitrine, host) => {
    const page = { body: "<!DOCTYPE html><title>Log in</title>", type: "text/html" };
    for (const name of [MLPR, "studio.js", LESSON]) host.server.faults.set(name, page);
    await ranker(vitrine, "mlpr");
    await vitrine.notice(/asset-mlpr/);
    await vitrine.get("studio-button").click();
    await vitrine.get("studio-again").waitFor();
    // As large as it should be, and of the right type.
    const bytes = await readFile(join(DIST, MLPR));
    host.server.faults.set(MLPR, { body: Buffer.alloc(bytes.length) });
    await ranker(vitrine, "dmt");
    await ranker(vitrine, "mlpr");
    await vitrine.notice(/asset-mlpr/);
    host.server.faults.delete("studio.js");
    await vitrine.get("studio-again").click();
    await vitrine.page.locator("ol.all button").first().click();
    await vitrine.page.locator("#studio [role=alert]").waitFor();
    const found = await names(vitrine);
    assert.ok(!found.includes(MLPR) && !found.includes(LESSON));
    host.server.faults.clear();
    await vitrine.page.locator("#studio").getByRole("button", { name: "Try again" }).click();
    await vitrine.get("lesson").waitFor();
    await ranker(vitrine, "dmt");
    await ranker(vitrine, "mlpr");
    assert.deepEqual(await vitrine.notices(), []);
    await keeps(vitrine, MLPR);
  }));

test("with no room left the host's answer is given all the same", () =>
  visit("used", async (vitrine) => {
    const [worker] = vitrine.page.context().serviceWorkers();
    await worker.evaluate(() => {
      Cache.prototype.put = () => Promise.reject(new DOMException("no room", "QuotaExceededError"));
    });
    await ranker(vitrine, "mlpr");
    await vitrine.get("studio-button").click();
    await vitrine.page.locator("#studio .studio-panel").waitFor();
    assert.deepEqual(await vitrine.notices(), []);
    await vitrine.page.keyboard.press("Escape");
    await vitrine.get("backend").locator("summary").click();
    await vitrine.get("keep-everything").click();
    await vitrine.page.waitForFunction(() => /no more room/.test(document.querySelector('[data-testid="kept"]').textContent));
  }));

describe("a newer version", () => {
  const newer = (title) => ({
    "index.html": (bytes) => bytes.toString().replace("<title>Vitrine</title>", `<title>Vitrine, ${title}</title>`),
    // As a newer training would have it.
    [MLPR]: (bytes) => Buffer.concat([bytes, Buffer.from(title)]),
    "studio.js": (bytes) => `${bytes}\n// ${title}`,
  });
  const version = ({ page }) => page.evaluate(() => document.documentElement.dataset.version);
  const press = ({ page }) => Promise.all([page.waitForEvent("load"), page.getByTestId("newer-version").click()]);
  const update = ({ page }) =>
    page.evaluate(async () => {
      const registration = await (await navigator.serviceWorker.getRegistration()).update();
      while (registration.installing) await new Promise((wake) => setTimeout(wake, 50));
    });

  test("is offered, not forced; each page stays whole until it takes it", () =>
    visit("used", async (one, host) => {
      const other = await another(one, "?v=1&q=lamp&backend=cpu");
      const first = await version(one);
      await host.deploy(newer("second"));
      // A late file of the host's is not this version's: it is neither used nor kept.
      await ranker(one, "mlpr");
      await one.notice(/asset-mlpr.*newer version/s);
      assert.ok(!(await names(one)).includes(MLPR));
      await Promise.all([one, other].map((vitrine) => vitrine.get("newer-version").waitFor()));
      assert.equal(await version(one), first);

      // Taken back, it is as it was.
      await host.deploy();
      await ranker(one, "dmt");
      await ranker(one, "mlpr");
      assert.deepEqual(await one.notices(), []);

      // A third comes before the second was taken.
      await host.deploy(newer("third"));
      await update(one);
      await press(one);
      await one.ready();
      const third = await version(one);
      assert.notEqual(third, first);
      assert.equal(await one.get("query").inputValue(), "couch");
      // The other page is answered by the new worker, with what is of its own version.
      assert.equal(await version(other), first);
      await ranker(other, "mlpr");
      assert.deepEqual(await other.notices(), []);
      await other.get("studio-button").click();
      await other.get("studio-again").waitFor();
      await other.get("studio-close").click();
      await press(other);
      await other.ready();
      assert.equal(await version(other), third);
      assert.equal(await other.get("query").inputValue(), "lamp");
      // What no page needs any more goes.
      await kept(other);
      await other.page.waitForFunction(async () => (await caches.keys()).length === 1);
    }));

  test("is offered with all that the one before had kept, and may be taken without a line", () =>
    visit("used", async (vitrine, host) => {
      await ranker(vitrine, "mlpr");
      await keeps(vitrine, MLPR);
      const first = await version(vitrine);
      await host.deploy({ "index.html": newer("second")["index.html"], "studio.js": newer("second")["studio.js"] });
      await update(vitrine);
      await vitrine.get("newer-version").waitFor();
      await host.server.stop();
      await press(vitrine);
      await vitrine.ready();
      assert.notEqual(await version(vitrine), first);
      assert.equal(await vitrine.get("ranker").inputValue(), "mlpr");
      assert.deepEqual(await vitrine.notices(), []);
    }));

  test("leaves the page at the version that it was opened with, without a line too", () =>
    visit("all", async (vitrine, host) => {
      const first = await version(vitrine);
      await host.deploy(newer("second"));
      await update(vitrine);
      await host.server.stop();
      await vitrine.open("?v=1&q=lamp&backend=cpu");
      await vitrine.ready();
      assert.equal(await version(vitrine), first);
      await ranker(vitrine, "mlpr");
      assert.deepEqual(await vitrine.notices(), []);
    }));
});

test("a frame keeps nothing", async () => {
  const [browser, host] = await Promise.all([launch(), Host.start()]);
  try {
    await withPage({ browser, server: host.server }, KEPT, async (page) => {
      const vitrine = new Vitrine(page, host.server);
      await vitrine.open("?v=1&q=couch&embed=shelf");
      await vitrine.ready();
      // Longer than a whole page would wait.
      await page.waitForTimeout(6000);
      assert.deepEqual(await names(vitrine), []);
      assert.ok(!host.server.requests.includes("service-worker.js"));
    });
  } finally {
    await browser.close();
    await host.stop();
  }
});
