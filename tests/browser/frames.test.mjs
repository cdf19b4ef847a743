// The page within others: many on one page, out of sight, side by side, and within pages that let in
// little.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { eventually, test, useStage, withPage } from "./support/browser.mjs";
import { usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage();
/** Where the build has no WebGPU engine, that is said in the console. */
const ALLOW = [/engine-webgpu/, /404/];

const frame = (query, rest = "") => `<iframe src="${stage.server.url}?v=1&${query}" width="960" height="640" ${rest}></iframe>`;

/** The parts that a frame can show. */
const PARTS = { query: ".top", shopper: ".band", funnel: ".funnel", knobs: ".side.left", shelf: ".shelf-area", insides: ".side.right", machine: "#studio" };

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
    await withPage(stage, { allow: ALLOW, webgpu: true }, async (page) => {
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
      await eventually(() => stage.server.requests.includes("engine-webgpu-loader.js"), "it is asked for");
      assert.ok(loads() <= 1);
    });
  });

  test("two in sight of one page start, whatever the browser keeps", async () => {
    await withPage(stage, { allow: ALLOW }, async (page) => {
      for (let visit = 0; visit < 3; visit++) {
        const frames = await course(page, [frame("q=couch&embed=shelf"), frame("q=lamp&embed=shelf")]);
        await Promise.all(frames.map(ranked));
        for (const of of frames) {
          assert.deepEqual(await notices(of), [], `visit ${visit}`);
        }
      }
    });
  });

  // A product that is looked into opens a sheet in a page that stands alone.
  const begin = usePage(stage);
  for (const width of [390, 700, 960, 1240, 1440]) {
    test(`whatever of the page they show, ${width} wide, no part lies over another`, async () => {
      const vitrine = await begin("?v=1&backend=cpu&q=couch", { width, height: 640 });
      await vitrine.goTo("?v=1&backend=cpu&q=couch&look=2600&panel=machine");
      await vitrine.rest();
      await vitrine.page.locator(".machine .part").first().waitFor();
      const wrong = await vitrine.page.evaluate(async (PARTS) => {
        const names = Object.keys(PARTS);
        const root = document.documentElement;
        const painted = () => new Promise((wake) => requestAnimationFrame(() => setTimeout(wake)));
        const wrong = [];
        for (let set = 1; set < 1 << names.length; set++) {
          const shown = names.filter((_, bit) => set & (1 << bit));
          // It stands below whatever else there is, but beside knobs alone.
          if (shown.includes("machine") && shown.length > 2 && shown.length < names.length) continue;
          root.dataset.embed = shown.join(" ");
          // A frame's page has the studio open where it shows the machine, and nowhere else.
          root.dataset.studio = shown.includes("machine") ? "alone" : "closed";
          document.getElementById("studio").hidden = !shown.includes("machine");
          await painted();
          // Far enough down for whatever sticks to stick, which it does with the layout.
          for (const share of [0, 0.3, 1]) {
            scrollTo(0, share * (root.scrollHeight - innerHeight));
            const places = names.flatMap((name) => {
              const element = document.querySelector(PARTS[name]);
              // Sheets have a rim for their panels' shadows.
              const rim = element.matches(".side") ? 8 : 0;
              const { left, top, right, bottom, width } = element.getBoundingClientRect();
              const there = width > 0;
              if (there !== shown.includes(name)) wrong.push(`${root.dataset.embed}: ${name} is ${there ? "there" : "missing"}`);
              return there ? [{ name, left: left + rim, top: top + rim, right: right - rim, bottom: bottom - rim }] : [];
            });
            places.forEach((one, i) => {
              if (one.left < -0.5 || one.right > root.clientWidth + 0.5) wrong.push(`${root.dataset.embed}: ${one.name} is cut off`);
              for (const other of places.slice(i + 1)) {
                const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
                const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
                if (wide > 0.5 && high > 0.5) wrong.push(`${root.dataset.embed}, scrolled ${share}: ${one.name} over ${other.name}`);
              }
            });
          }
        }
        return wrong;
      }, PARTS);
      await vitrine.page.evaluate(() => delete document.documentElement.dataset.embed);
      assert.deepEqual(wrong, []);
    });
  }

  test("with knobs and the shelf on a phone show both at once", () =>
    withVitrine(stage, { link: "?v=1&q=couch&embed=shelf,knobs", context: { viewport: { width: 390, height: 640 } }, allow: ALLOW }, async (vitrine) => {
      await vitrine.ready();
      const knobs = await vitrine.page.locator(".side.left").boundingBox();
      const product = await vitrine.get("product").first().boundingBox();
      assert.ok(knobs.y < 20 && knobs.height > 200, JSON.stringify(knobs));
      assert.ok(product.y > 0 && product.y + 100 < 640, JSON.stringify(product));
    }));

  test("of the machine draw it alone once they are in sight, narrow and wide, and lead to the same on the whole page", () =>
    withPage(stage, { allow: ALLOW }, async (page) => {
      stage.server.requests.length = 0;
      const address = `${stage.server.url}?v=1&q=couch&embed=machine&part=ranker.gates`;
      const below = '<div style="height: 3000px"></div>';
      const [of] = await course(page, [`<iframe src="${address}" width="960" height="540"></iframe>`], below);
      await ranked(of);
      assert.deepEqual(stage.server.requests.filter((path) => path.startsWith("studio")), []);

      await page.locator("iframe").scrollIntoViewIfNeeded();
      const drawn = (of) =>
        of.waitForFunction(() => document.querySelector(".machine .part") && !document.querySelector(".machine.stale"), null, { polling: 200 });
      /** Whose numbers they are, each part with its number or the shades of its vectors, and what is opened. */
      const numbers = (of) =>
        of.evaluate(() => [
          document.querySelector(".machine .chosen-title p").textContent,
          ...[...document.querySelectorAll(".machine .part")].map((part) => {
            const shades = [...part.querySelectorAll(".heat")].map((heat) => heat.style.background);
            return [part.dataset.part, part.querySelector("strong")?.textContent, ...shades].join(" ");
          }),
          document.querySelector("#machine-part").textContent,
        ]);
      /** How each system is drawn, whether the first part is in sight, and whether anything is cut off. */
      const layout = (of) =>
        of.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          const { top } = document.querySelector(".machine .part").getBoundingClientRect();
          const lists = [...document.querySelectorAll(".machine .drawing")].map((one) => one.classList.contains("listed"));
          return [lists, top > 0 && top < innerHeight, scrollWidth - clientWidth];
        });
      await drawn(of);
      const seen = await numbers(of);
      const parts = seen.slice(1, -1);
      // Twelve of the retriever's and fourteen of the ranker's, and what stands behind them.
      assert.ok(parts.length >= 26, parts.join("\n"));
      assert.ok(parts.filter((text) => / .*\d/.test(text)).length > 18, parts.join("\n"));
      assert.match(await of.getByTestId("machine-part").innerText(), /wk = softmax/);
      assert.equal(await of.locator('#studio > header, #studio [role="tab"], [data-testid="studio-close"]').count(), 0);
      for (const [part, place] of Object.entries(PARTS)) {
        assert.equal(await of.locator(place).first().isVisible(), part === "machine", part);
      }
      assert.deepEqual(await layout(of), [[false, false], true, 0]);
      await page.locator("iframe").evaluate((frame) => Object.assign(frame, { width: 360, height: 480 }));
      await of.locator(".machine .listed").nth(1).waitFor();
      assert.deepEqual(await layout(of), [[true, true], true, 0]);

      const whole = await of.locator(".whole a").getAttribute("href");
      assert.equal(whole, `${stage.server.url}#v=1&q=couch&panel=machine&part=ranker.gates`);
      await page.goto(whole);
      await drawn(page);
      assert.equal(await page.locator("#tab-machine").getAttribute("aria-selected"), "true");
      assert.deepEqual(await numbers(page), seen);
    }));

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
