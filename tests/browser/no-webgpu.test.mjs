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
    test(`${name}: it is told once, stands in the backend's menu after that, and the CPU answers`, async () => {
      await withVitrine(stage, { prepare, webgpu }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.notice(/webgpu/);
        await vitrine.search("lamp");
        assert.equal(await vitrine.backend(), "cpu");
        await vitrine.open();
        await vitrine.ready();
        const menu = vitrine.page.locator(".backend .sheet > p", { hasText: /has no WebGPU|WebGPU cannot be used/ });
        await menu.waitFor({ state: "attached" });
        assert.equal(await vitrine.get("notice").count(), 0);
        // Who asks for it is told again.
        await vitrine.open("?v=1&backend=webgpu");
        await vitrine.ready();
        await vitrine.notice(/webgpu/);
        await vitrine.search("lamp");
        assert.equal(await vitrine.backend(), "cpu");
        assert.equal(await vitrine.engine(), "ready");
      });
    });
  }
});
