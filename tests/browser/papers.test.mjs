// The papers' tables in the page: fetched when they are opened, and said where they cannot be.

import assert from "node:assert/strict";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
const ALLOW_ALL = [/./];

const open = (vitrine) => vitrine.get("papers").locator("> summary").click();

test("the tables are fetched when they are opened, with a way to each", () =>
  withVitrine(stage, {}, async (vitrine) => {
    await vitrine.ready();
    assert.ok(!stage.server.requests.some((path) => /reader|marked|tables/.test(path)), "fetched unasked");
    await open(vitrine);
    const papers = vitrine.get("papers");
    await papers.getByText(/Of \d+ comparisons that the papers make/).waitFor();
    assert.ok((await papers.locator("table").count()) >= 24, "two tables for each of the papers'");
    await papers.getByRole("button", { name: "yandex-2", exact: true }).click();
    const heading = papers.getByRole("heading", { name: /^yandex-2/ });
    await heading.waitFor();
    assert.ok(await heading.evaluate((element) => element === document.activeElement));
  }));

test("tables that are missing are said, and a second try gets them", () =>
  withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
    await vitrine.ready();
    stage.server.faults.set("docs/tables.md", { status: 404 });
    await open(vitrine);
    await vitrine.notice(/docs\/tables\.md could not be fetched/);
    stage.server.faults.clear();
    await vitrine.get("papers").getByRole("button", { name: "Try again" }).click();
    await vitrine.get("papers").getByText(/Of \d+ comparisons/).waitFor();
  }));

test("a missing reader is said, and the rest works", () =>
  withVitrine(stage, { allow: ALLOW_ALL }, async (vitrine) => {
    await vitrine.ready();
    stage.server.faults.set("marked.esm.js", { status: 404 });
    await open(vitrine);
    await vitrine.notice(/reader\.js/);
    const run = await vitrine.run();
    await vitrine.set("gate-temperature", 2);
    await vitrine.page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, run);
  }));
