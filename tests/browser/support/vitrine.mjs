// The page as a person meets it: what can be set, and what is shown.

import { readFileSync } from "node:fs";

import { PATIENCE, openPage, withPage } from "./browser.mjs";

export { PATIENCE };
/** Longest that a software GPU may take to compile its programs and to stand its trial. */
export const TRIAL = 240_000;
/**
 * The ranking has come to rest when no answer is awaited and nothing has changed for so many frames, which
 * is longer than the address takes to follow the state.
 */
const REST = 9;

/** The studio's panels, as links name them: a line each in their registry. */
export const PANELS = readFileSync(new URL("../../../src/link/panels.rs", import.meta.url), "utf8")
  .match(/\$make! \{([a-z\s]+)\}/)[1]
  .trim()
  .split(/\s+/);

/** Opens a panel, whichever it is, with everything that one of them shows. */
export const linkTo = (panel) => `?v=1&q=couch&look=2600&panel=${panel}&a=q:couch;gmv:on;ranker:mlpr&b=q:shoes`;

/**
 * Opens the playground in a fresh profile and runs `use(vitrine)`.
 * @param {object} stage see `useStage`
 * @param {object} options those of `withPage`; `link`: query part of the address; `prepare`: runs
 * before the page is opened.
 */
export function withVitrine(stage, options, use) {
  return withPage(stage, options, async (page, watch) => {
    const vitrine = new Vitrine(page, stage.server, watch);
    await options.prepare?.(vitrine);
    await vitrine.open(options.link);
    await use(vitrine);
  });
}

/**
 * One page for several tests of a file: to open one takes longer than most of them.
 * @returns {(link: string, viewport?: object) => Promise<Vitrine>} goes where a test begins; what no link
 * holds, such as notices and what is unfolded, is as the test before left it.
 */
export function usePage(stage, options = {}) {
  let opened;
  return async (link, viewport) => {
    if (!opened) {
      opened = await openPage(stage, options);
      stage.closing.push(opened.close);
      opened.vitrine = new Vitrine(opened.page, stage.server, opened.watch);
      if (viewport) await opened.page.setViewportSize(viewport);
      await opened.vitrine.open(link);
      return opened.vitrine.ready();
    }
    const { page, vitrine } = opened;
    if (viewport) await page.setViewportSize(viewport);
    await page.evaluate(() => {
      document.activeElement?.blur();
      document.querySelector('.tabs [aria-pressed="true"]')?.click();
      document.documentElement.dataset.theme = "light";
      scrollTo(0, 0);
      for (const place of document.querySelectorAll(".side, #studio")) place.scrollTo(0, 0);
    });
    await page.mouse.move(0, 0);
    await vitrine.goTo(link);
    await vitrine.rest();
    return vitrine;
  };
}

export class Vitrine {
  constructor(page, server, watch) {
    Object.assign(this, { page, server, watch });
  }

  /** Opens a link, given as the query part of an address, without waiting for an engine. */
  async open(link = "") {
    await this.page.goto(this.server.url + link);
  }

  /** Goes to a link without loading the page again, as the studio does. */
  goTo(link) {
    return this.page.evaluate((detail) => document.dispatchEvent(new CustomEvent("vitrine-studio", { detail })), link);
  }

  /**
   * Waits until an engine is ready, the first ranking is painted, and the words that come behind it are
   * there, with which what was built before them is written again; without `words` where they can't be had.
   */
  async ready({ words = true } = {}) {
    await this.page.waitForFunction(
      (words) => {
        const { dataset } = document.documentElement;
        const ranked = dataset.engine === "ready" && Number(dataset.run) > 0;
        const shown = document.querySelector('[data-testid="product"][data-score]') !== null;
        return ranked && shown && (!words || dataset.words === "all");
      },
      words,
      { polling: "raf" },
    );
    await this.rest();
    return this;
  }

  /** Waits until no answer is awaited, and neither run nor ranking changes any more. */
  rest() {
    return this.page.evaluate(async ([rest, patience]) => {
      const { dataset } = document.documentElement;
      const end = performance.now() + patience;
      // A page out of sight has no frames.
      const frame = () =>
        new Promise((wake) => {
          setTimeout(wake, 250);
          requestAnimationFrame(() => setTimeout(wake, 20));
        });
      const now = () => {
        const shelf = document.querySelectorAll('[data-testid="shelf"] [data-testid="product"]');
        return [dataset.run, ...[...shelf].map((card) => [card.dataset.productId, card.dataset.rank, card.dataset.score])].join();
      };
      for (let [last, still] = ["", 0]; still < rest; ) {
        await frame();
        if (performance.now() > end) throw new Error(`it does not come to rest: ${dataset.engine}, ${dataset.waits}, run ${dataset.run}`);
        // Before the first answer there is no mark.
        const waits = dataset.engine === "ready" && dataset.waits !== "";
        still = waits || now() !== last ? 0 : still + 1;
        last = now();
      }
    }, [REST, TRIAL]);
  }

  /**
   * Waits until nothing moves and nothing is written any more, and at most so long, in milliseconds of a
   * machine that keeps up: frames are counted, for on a busy one a time may be over before any was drawn.
   */
  still(most = 3000) {
    return this.page.evaluate(async (frames) => {
      const frame = () => new Promise((wake) => requestAnimationFrame(() => setTimeout(wake, 30)));
      const moves = (animation) => animation.playState === "running" && animation.effect?.getComputedTiming().endTime !== Infinity;
      const now = () => {
        const places = [...document.querySelectorAll(".side, #studio")].map(({ scrollTop, offsetHeight }) => [scrollTop, offsetHeight]);
        return [scrollY, ...places, document.body.scrollHeight, document.body.textContent].join();
      };
      for (let [last, quiet, drawn] = ["", 0, 0]; quiet < 6 && drawn < frames; drawn++) {
        await frame();
        quiet = document.getAnimations().some(moves) || now() !== last ? 0 : quiet + 1;
        last = now();
      }
    }, most / 50);
  }

  /** Waits until the studio has a panel open, and something in it. */
  async opened(panel) {
    await this.page.locator(`#tab-${panel}[aria-selected="true"]`).waitFor();
    await this.page.locator('[role="tabpanel"]').locator("li, figure, table, fieldset").first().waitFor();
  }

  /**
   * Waits until an open panel has some of all that it goes on with for long, and stops it there: what would
   * change a product's place, tried one after another, and page views that are measured.
   */
  async halt(panel) {
    const halts = {
      explain: () => {
        const stop = document.querySelector('[data-testid="tries-stop"]');
        if (!stop || document.querySelector(".explain.stale")) return false;
        if (stop.parentElement.querySelector("progress").classList.contains("resting")) return true;
        // They come last.
        const stops = document.querySelector('[data-testid="tried-entries"] tbody tr') !== null;
        if (stops) stop.click();
        return stops;
      },
      metrics: () => {
        const bar = document.querySelector('[data-testid="metrics-progress"]');
        // How many there are to be is known behind the first.
        if (!bar || bar.max <= 1) return false;
        if (bar.classList.contains("resting")) return true;
        const stops = bar.value >= 2;
        if (stops) document.querySelector('[data-testid="metrics-stop"]').click();
        return stops;
      },
    };
    if (panel in halts) await this.page.waitForFunction(halts[panel]);
  }

  /** Waits until a text of the page's has stood still for so long, in milliseconds, and returns it. */
  stands(testid, rest = 1000) {
    return this.get(testid).evaluate(
      async (element, [looks, patience]) => {
        const end = performance.now() + patience;
        // Looks are counted: whatever has come to the page is heard between two of them.
        for (let [said, still] = [element.textContent, 0]; still < looks; ) {
          await new Promise((wake) => setTimeout(wake, 20));
          if (performance.now() > end) throw new Error(`it goes on changing: ${said}`);
          still = element.textContent === said ? still + 1 : 0;
          said = element.textContent;
        }
        return element.textContent;
      },
      [rest / 20, PATIENCE],
    );
  }

  /**
   * Presses a button that copies, and waits until it says so: for two seconds alone, so the page itself is
   * told to look, before the press.
   */
  async copy(button) {
    const element = await button.elementHandle();
    const says = (element) => element.textContent.includes("Copied");
    await Promise.all([this.page.waitForFunction(says, element), button.click()]);
  }

  /** Number of the last finished run. */
  run() {
    return this.page.evaluate(() => Number(document.documentElement.dataset.run ?? 0));
  }

  /** State of the engine: "loading", "ready" or "failed". */
  engine() {
    return this.page.evaluate(() => document.documentElement.dataset.engine);
  }

  /** The shelf, best first. Scores stay the text they are, so that "the same" means to the digit. */
  ranking() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid="shelf"] [data-testid="product"]')]
        .map(({ dataset, innerText }) => ({
          id: dataset.productId,
          rank: Number(dataset.rank),
          score: dataset.score,
          text: innerText,
        }))
        .sort((a, b) => a.rank - b.rank),
    );
  }

  /** Products with their scores, in order: two rankings are the same if these are. */
  scores() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid="shelf"] [data-testid="product"]')]
        .sort((a, b) => a.dataset.rank - b.dataset.rank)
        .map(({ dataset }) => `${dataset.productId} ${dataset.score}`),
    );
  }

  /** Products in order. */
  async order() {
    return (await this.scores()).map((score) => score.split(" ")[0]);
  }

  get(testid) {
    return this.page.getByTestId(testid);
  }

  /** Does something and waits for the run that answers it. */
  async after(act) {
    const before = await this.run();
    await act();
    await this.page.waitForFunction((run) => Number(document.documentElement.dataset.run) > run, before);
    await this.rest();
  }

  /** Sets a slider, a switch or a choice, opening whatever hides it. */
  async set(testid, value) {
    const control = this.get(testid).first();
    const kind = await control.evaluate((element) => element.type ?? element.tagName.toLowerCase());
    if (kind === "checkbox") {
      await control.setChecked(value);
    } else if (kind === "select-one") {
      await control.selectOption(value);
    } else if (kind === "fieldset") {
      await control.locator(`input[value="${value}"]`).check({ force: true });
    } else {
      await control.fill(String(value));
    }
  }

  /** Types a query and searches. */
  search(query) {
    return this.after(async () => {
      await this.get("query").fill(query);
      await this.get("query").press("Enter");
    });
  }

  /** A matrix that is drawn: task by expert. */
  async utilisation() {
    return JSON.parse(await this.get("expert-utilisation").first().getAttribute("data-values"));
  }

  /** The notices that stand, but for the one that tells of a browser without WebGPU. */
  async notices() {
    const all = await this.page
      .getByTestId("notice")
      .evaluateAll((all) => all.map(({ dataset, innerText }) => ({ key: dataset.key, text: innerText.trim() })));
    return all.filter(({ key }) => key !== "no-webgpu");
  }

  /** Closes the notices that stand, one after another. */
  async closeNotices() {
    const close = this.page.locator(".notice .icon");
    while ((await close.count()) > 0) await close.first().click();
  }

  /** Waits for a notice whose key or text matches. */
  async notice(pattern) {
    await this.page.waitForFunction(
      (source) =>
        [...document.querySelectorAll('[data-testid="notice"]')].some((notice) =>
          new RegExp(source, "i").test(`${notice.dataset.key} ${notice.innerText}`),
        ),
      pattern.source,
    );
  }

  /** Where the last answer was computed: "cpu" or "webgpu". */
  backend() {
    return this.get("backend").getAttribute("data-backend");
  }

  /** Waits until the answers come from there. */
  async servedBy(backend) {
    await this.page.waitForFunction(
      (backend) => document.querySelector('[data-testid="backend"]')?.dataset.backend === backend,
      backend,
      { timeout: TRIAL },
    );
    await this.rest();
  }

  /** The worker of an engine. */
  async worker(backend) {
    const isIt = (worker) => worker.url().includes(`engine-${backend}-loader.js`);
    return this.page.workers().find(isIt) ?? this.page.waitForEvent("worker", { predicate: isIt });
  }

  /** Gives an engine a message of protocol::ToEngine, as if the page had. */
  async tell(backend, message) {
    const worker = await this.worker(backend);
    await worker.evaluate((data) => self.dispatchEvent(new MessageEvent("message", { data })), JSON.stringify(message));
  }
}
