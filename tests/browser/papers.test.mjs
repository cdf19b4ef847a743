// The papers' tables in the studio: fetched when they are opened, and said where they cannot be.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = [/./];

test("the tables are fetched when they are opened, with a way to each", () =>
  withVitrine(stage, { prepare: () => void (stage.server.requests.length = 0) }, async (vitrine) => {
    await vitrine.ready();
    assert.ok(!stage.server.requests.some((path) => /studio|tables/.test(path)), "fetched unasked");
    await vitrine.get("studio-button").click();
    const studio = vitrine.get("studio");
    await studio.getByRole("tab", { name: /papers/ }).click();
    await studio.getByText(/Of \d+ comparisons that the papers make/).waitFor();
    assert.ok((await studio.locator("table").count()) >= 24, "two tables for each of the papers'");
    await vitrine.page.setViewportSize({ width: 1440, height: 900 });
    const wide = await studio.locator(".scrolls").evaluateAll((all) =>
      all.filter((place) => place.scrollWidth > place.clientWidth).map((place) => `${place.ariaLabel}: ${place.scrollWidth - place.clientWidth}`),
    );
    assert.deepEqual(wide, [], "wider than their place");
    const links = vitrine.get("document").locator('a[href^="https://"]');
    assert.ok((await links.count()) >= 4, "papers are linked");
    for (const [target, rel] of await links.evaluateAll((all) => all.map(({ target, rel }) => [target, rel]))) {
      assert.deepEqual([target, rel], ["_blank", "noopener noreferrer"]);
    }
    await studio.getByRole("button", { name: "yandex-2", exact: true }).click();
    const part = studio.locator("section", { has: vitrine.page.getByRole("heading", { name: /^yandex-2/ }) });
    assert.ok(await part.evaluate((element) => element === document.activeElement));
    assert.match(vitrine.page.url(), /panel=papers/);
  }));

test("tables that are missing are said, and a second try gets them", () =>
  withVitrine(stage, { allow: ALLOW_ALL, prepare: () => stage.server.faults.set("assets/tables.md", { status: 404 }), link: "?panel=papers" }, async (vitrine) => {
    await vitrine.notice(/assets\/tables\.md could not be fetched/);
    stage.server.faults.clear();
    await vitrine.get("studio").getByRole("button", { name: "Try again" }).click();
    await vitrine.get("studio").getByText(/Of \d+ comparisons/).waitFor();
  }));

test("a missing studio is said, and the rest works", () =>
  withVitrine(stage, { allow: ALLOW_ALL, prepare: () => stage.server.faults.set("studio_bg.wasm", { status: 404 }), link: "?panel=papers" }, async (vitrine) => {
    await vitrine.ready();
    await vitrine.get("studio").getByText(/studio could not be fetched/).waitFor();
    const run = await vitrine.run();
    await vitrine.set("gate-temperature", 2);
    await vitrine.page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
  }));
