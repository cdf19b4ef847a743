// A browser without WebGPU stays on the CPU and says so.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();

/** Runs before the page's scripts. */
const ABSENT = () => Reflect.deleteProperty(Navigator.prototype, "gpu");
const webgpu = true;

describe("without WebGPU", () => {
  for (const [name, prepare] of [
    ["the browser knows none", ({ page }) => page.addInitScript(ABSENT)],
    ["the adapter is refused", () => {}],
  ]) {
    test(`${name}: asked for, it is declined with a notice, and the CPU answers`, async () => {
      await withVitrine(stage, { link: "?v=1&backend=webgpu", prepare, webgpu }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.notice(/webgpu/);
        await vitrine.search("lamp");
        assert.equal(await vitrine.backend(), "cpu");
        assert.equal(await vitrine.engine(), "ready");
      });
    });

    test(`${name}: it is told once, and stands in the backend's menu after that`, async () => {
      await withVitrine(stage, { prepare, webgpu }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.notice(/webgpu/);
        await vitrine.open();
        await vitrine.ready();
        const menu = vitrine.page.locator(".backend .sheet > p", { hasText: /has no WebGPU|WebGPU cannot be used/ });
        await menu.waitFor({ state: "attached" });
        assert.equal(await vitrine.get("notice").count(), 0);
        // Who asks for it is told again.
        await vitrine.open("?v=1&backend=webgpu");
        await vitrine.ready();
        await vitrine.notice(/webgpu/);
      });
    });

    test(`${name}: not asked for, it disturbs nobody`, async () => {
      await withVitrine(stage, { prepare, webgpu }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.search("lamp");
        assert.equal(await vitrine.backend(), "cpu");
      });
    });
  }
});
