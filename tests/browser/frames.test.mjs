// The page within others: many on one page, out of sight, side by side, and within pages that let in
// little.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { test, useStage, withPage } from "./support/browser.mjs";
import { withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
/** Where the build has no WebGPU engine, that is said in the console. */
const ALLOW = [/engine-webgpu/, /404/];

const frame = (query, rest = "") => `<iframe src="${stage.server.url}?v=1&${query}" width="960" height="640" ${rest}></iframe>`;

/** A page with frames in it. */
async function course(page, frames, rest = "") {
  const body = `<!DOCTYPE html><link rel="icon" href="data:,"><title>Course</title>${rest}${frames.join("\n")}`;
  stage.server.faults.set("course.html", { body });
  await page.goto(`${stage.server.url}course.html`, { waitUntil: "commit" });
  await page.waitForFunction((count) => window.length === count, frames.length);
  return page.frames().slice(1);
}

/** Waits until a frame has ranked. */
const ranked = (of) => of.waitForFunction(() => Number(document.documentElement.dataset.run) > 0, null, { polling: 200 });

/** The notices that stand, but for what a browser without an adapter, and within another page, forbids. */
async function notices(of) {
  const keys = await of.getByTestId("notice").evaluateAll((all) => all.map(({ dataset }) => dataset.key));
  return keys.filter((key) => !["no-webgpu", "storage-forbidden"].includes(key));
}

describe("frames", () => {
  test("below the fold are ranked too, and fetch the WebGPU engine when they are touched", async () => {
    await withPage(stage, { allow: ALLOW }, async (page) => {
      stage.server.requests.length = 0;
      const loads = () => page.workers().filter((worker) => worker.url().includes("engine-webgpu-loader.js")).length;
      // What browsers do with frames of other pages that are scrolled out of sight: they never paint.
      await page.addInitScript(() => {
        if (window !== top) window.requestAnimationFrame = () => 0;
      });
      const frames = await course(
        page,
        Array.from({ length: 8 }, (_, i) => frame(`q=couch&embed=shelf&seed=${i}`)),
        '<div style="height: 3000px"></div>',
      );
      await Promise.all(frames.map(ranked));
      // Two looks at whether the engines still speak.
      await page.waitForTimeout(7000);
      assert.equal(loads(), 0);
      assert.ok(!stage.server.requests.some((path) => path.startsWith("engine-webgpu")));
      for (const of of frames) {
        assert.deepEqual(await notices(of), []);
        assert.ok((await of.getByTestId("product").count()) > 0);
      }
      await frames[5].getByTestId("product").first().dispatchEvent("pointerdown");
      const asked = () => stage.server.requests.includes("engine-webgpu-loader.js");
      for (let tries = 0; !asked() && tries < 100; tries++) await page.waitForTimeout(100);
      assert.ok(asked());
      assert.ok(loads() <= 1);
    });
  });

  test("two in sight of one page start, whatever the browser keeps", async () => {
    await withPage(stage, { allow: ALLOW }, async (page) => {
      for (let visit = 0; visit < 4; visit++) {
        const frames = await course(page, [frame("q=couch&embed=shelf"), frame("q=lamp&embed=shelf")]);
        await Promise.all(frames.map(ranked));
        for (const of of frames) {
          assert.deepEqual(await notices(of), [], `visit ${visit}`);
        }
      }
    });
  });

  for (const width of [960, 700, 390]) {
    test(`with knobs and insides, ${width} wide, show both`, () =>
      withVitrine(stage, { link: "?v=1&q=couch&embed=knobs,insides", context: { viewport: { width, height: 640 } }, allow: ALLOW }, async (vitrine) => {
        await vitrine.page.waitForFunction(() => Number(document.documentElement.dataset.run) > 0);
        const [left, right] = await Promise.all(
          [".side.left", ".side.right"].map(async (side) => {
            const place = vitrine.page.locator(side);
            assert.ok(await place.isVisible(), side);
            return place.boundingBox();
          }),
        );
        const apart = left.x + left.width <= right.x + 16 || left.y + left.height <= right.y + 16;
        assert.ok(apart, JSON.stringify({ left, right }));
        for (const { x, width: wide } of [left, right]) assert.ok(x >= -8 && x + wide <= width + 8, JSON.stringify({ x, wide }));
      }));
  }

  describe("within a page that sends Cross-Origin-Embedder-Policy", () => {
    const isolated = (rest) => ({
      body: `<!DOCTYPE html><link rel="icon" href="data:,">${frame("q=couch&embed=shelf", rest)}`,
      headers: { "Cross-Origin-Embedder-Policy": "require-corp" },
    });
    const shown = async (page) => {
      await page.goto(`${stage.server.url}course.html`);
      await page.frameLocator("iframe").getByTestId("product").first().waitFor();
    };

    test("are shown if they are credentialless", async () => {
      stage.server.faults.set("course.html", isolated("credentialless"));
      await withPage(stage, { allow: ALLOW }, shown);
    });

    test("are shown if the host sends two headers", async () => {
      stage.server.faults.set("course.html", isolated(""));
      stage.server.headers = {
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "cross-origin",
      };
      try {
        await withPage(stage, { allow: ALLOW }, shown);
      } finally {
        stage.server.headers = {};
      }
    });

    test("get what such a page needs, if it is asked for", () =>
      withVitrine(stage, { link: "?v=1&q=couch&panel=share", allow: ALLOW }, async (vitrine) => {
        assert.doesNotMatch(await vitrine.get("share-frame").inputValue(), /credentialless/);
        await vitrine.get("share-isolated").check();
        assert.match(await vitrine.get("share-frame").inputValue(), /^<iframe .*embed=shelf,knobs.* credentialless /);
      }));
  });
});
