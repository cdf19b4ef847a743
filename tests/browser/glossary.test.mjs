// Words of the field: what each means stands where it is met, and all of them in one list.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { test, useStage } from "./support/browser.mjs";
import { usePage } from "./support/vitrine.mjs";

const stage = useStage();
const begin = usePage(stage);
const WIDE = { width: 1440, height: 900 };

const file = (name) => readFileSync(new URL(`../../languages/glossary/${name}`, import.meta.url), "utf8");
/** Words of the field by where they are met. */
const met = Object.fromEntries([...file("met.txt").matchAll(/^([\w.-]+): (.+)$/gm)].map(([, place, terms]) => [place, terms.split(" ")]));
const words = Object.fromEntries(["en", "zh"].map((language) => [language, JSON.parse(file(`${language}.json`))]));
const called = (place, language = "en") => met[place].map((term) => words[language][`machine.terms.${term}`]);
const meant = (place, language = "en") => met[place].map((term) => words[language][`machine.terms.${term}.about`]);

test("all of them are listed above the papers' tables, in every language", async () => {
  const vitrine = await begin("?v=1&panel=papers", WIDE);
  const glossary = vitrine.get("studio").getByTestId("glossary");
  const summary = glossary.locator("summary");
  await summary.waitFor();
  assert.equal(await glossary.count(), 1);
  assert.ok(await glossary.locator("dl").isHidden(), "it is folded");
  await summary.focus();
  await vitrine.page.keyboard.press("Enter");
  await glossary.locator("dl").waitFor();
  assert.deepEqual(await glossary.locator("dt").allInnerTexts(), called("all"));
  assert.deepEqual(await glossary.locator("dd").allInnerTexts(), meant("all"));
  // In another language it stays as it is unfolded.
  await vitrine.goTo("?v=1&panel=papers&lang=zh");
  await vitrine.page.waitForFunction(() => document.documentElement.lang === "zh-Hans");
  await vitrine.still();
  assert.deepEqual(await glossary.locator("dt").allInnerTexts(), called("all", "zh"));
  assert.deepEqual(await glossary.locator("dd").allInnerTexts(), meant("all", "zh"));
});

test("those that are met in a panel stand below it", async () => {
  const vitrine = await begin("?v=1&q=couch&panel=compare", WIDE);
  const glossary = vitrine.get("studio").getByTestId("glossary");
  for (const panel of ["compare", "metrics", "map"]) {
    await vitrine.goTo(`?v=1&q=couch&panel=${panel}`);
    await vitrine.page.locator(`#tab-${panel}[aria-selected="true"]`).waitFor();
    await glossary.waitFor();
    assert.deepEqual(await glossary.locator("dt").allTextContents(), called(panel), panel);
  }
  await vitrine.goTo("?v=1&q=couch&panel=share");
  await vitrine.page.locator('#tab-share[aria-selected="true"]').waitFor();
  await glossary.waitFor({ state: "detached" });
});

test("what a word in a knob's hint means stands behind it", async () => {
  const vitrine = await begin("?v=1&q=couch", WIDE);
  const knob = vitrine.page.locator('.knobs [data-knob="tau"]');
  await knob.locator("label").hover();
  const hint = knob.locator(".about.open");
  await hint.waitFor();
  const [name, about] = [called("knobs.tau.about")[0], meant("knobs.tau.about")[0]];
  assert.ok((await hint.innerText()).endsWith(`\n${name}: ${about}`), await hint.innerText());
  assert.equal(await hint.locator("b").innerText(), name);
});

test("and behind the introductions of what is known of a chosen product", async () => {
  const vitrine = await begin("?v=1&q=couch&look=2", WIDE);
  const section = vitrine.page.locator(".insides section", { has: vitrine.get("contributions") });
  const [name, about] = [called("contributions.note")[0], meant("contributions.note")[0]];
  assert.ok((await section.locator(".note").first().innerText()).endsWith(`\n${name}: ${about}`));
});
