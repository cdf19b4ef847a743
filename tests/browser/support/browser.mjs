// A browser for tests, and what must hold of every page in it: no request leaves the server,
// nothing is thrown, nothing is written to the console as an error.

import assert from "node:assert/strict";
import { test as nodeTest, after, afterEach, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { findBrowser } from "./find-browser.mjs";
import { Server } from "./server.mjs";

const QUIET = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];
/** Chromium's own software adapter: slow, but a GPU to be right or wrong on. */
const SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Longest a test may take, in milliseconds, on a busy machine with two cores. */
const LONGEST = 600_000;
/** Longest that anything in a page may take on such a machine. */
export const PATIENCE = 90_000;

/** A test that can't hang. */
export const test = (name, use) => nodeTest(name, { timeout: LONGEST }, use);

/** Starts a browser. Without `webgpu` it knows no adapter. */
export function launch({ webgpu = false, args = [] } = {}) {
  return chromium.launch({
    executablePath: findBrowser(),
    args: [...QUIET, ...(webgpu ? SOFTWARE_WEBGPU : []), ...args],
  });
}

/** A browser and a server for the tests of a file, started and stopped around them. */
export function useStage(options) {
  const stage = { webgpu: options?.webgpu, closing: [] };
  before(async () => {
    [stage.browser, stage.server] = await Promise.all([launch(options), Server.start()]);
  });
  afterEach(() => stage.server.faults.clear());
  after(async () => {
    // Pages of several tests are looked at before the browser goes.
    const closed = await Promise.allSettled(stage.closing.map((close) => close()));
    await Promise.all([stage.browser?.close(), stage.server?.stop()]);
    for (const { reason } of closed) if (reason) throw reason;
  });
  return stage;
}

/**
 * As in a browser without WebGPU that has told of it: the engine for it, which is larger than all else
 * together, is fetched and compiled in the tests that are about it, and in no other.
 */
const WITHOUT_WEBGPU = () => {
  Reflect.deleteProperty(Navigator.prototype, "gpu");
  try {
    localStorage.setItem("vitrine-told", "no-webgpu");
  } catch {
    // A frame without an origin, a browser that forbids it.
  }
};

/**
 * Before a page's scripts: a tenth of what it waits behind its first ranking before it keeps itself (REST in
 * www/offline.js), which is long for a test.
 */
export const KEPT_SOON = () => {
  const { setTimeout } = window;
  window.setTimeout = (act, after, ...rest) => setTimeout(act, after === 4000 ? 400 : after, ...rest);
};

/**
 * A page in a fresh profile, and `close`, which checks what must hold of every page.
 * @param {{browser: import("playwright-core").Browser, server: Server, webgpu?: boolean}} stage
 * @param {{allow?: RegExp[], context?: object, webgpu?: boolean}} options `allow`: errors that the test
 * provokes; `webgpu`: whether the browser says what it knows of WebGPU.
 */
export async function openPage({ browser, server, webgpu: stage = false }, { allow = [], context: settings = {}, webgpu = stage }) {
  // A page that was kept would hide what the server does.
  const context = await browser.newContext({ serviceWorkers: "block", ...settings });
  context.setDefaultTimeout(PATIENCE);
  const watch = { requests: [], errors: [] };
  context.on("request", (request) => watch.requests.push(request.url()));
  context.on("console", (message) => {
    if (message.type() === "error") {
      watch.errors.push(`${message.text()} (${message.location().url})`);
    }
  });
  context.on("weberror", (error) => watch.errors.push(String(error.error().stack ?? error.error())));
  if (!webgpu) await context.addInitScript(WITHOUT_WEBGPU);
  const close = async () => {
    await context.close();
    const foreign = watch.requests.filter((url) => !/^(data|blob|file):/.test(url) && !url.startsWith(server.url));
    assert.deepEqual(foreign, [], "requests to another host");
    const unexpected = watch.errors.filter((text) => !allow.some((pattern) => pattern.test(text)));
    assert.deepEqual(unexpected, [], "errors in the page");
  };
  return { page: await context.newPage(), watch, close };
}

/** Runs `use(page, watch)` in a fresh profile and then checks what must hold of every page. */
export async function withPage(stage, options, use) {
  const { page, watch, close } = await openPage(stage, options);
  try {
    await use(page, watch);
  } catch (error) {
    await page.context().close();
    throw error;
  }
  await close();
}

const OUTPUT = fileURLToPath(new URL("../output/", import.meta.url));

/** Leaves a picture for people in output/: of what is wrong, and of all else where PICTURES is set, for that takes long. */
export async function picture(page, name, { wrong = false, ...options } = {}) {
  if (wrong || process.env.PICTURES) await page.screenshot({ path: `${OUTPUT}${name}.png`, ...options });
}

/** Waits until something holds that is known outside of pages: what a server was asked, what a browser told of. */
export async function eventually(holds, what) {
  for (const end = Date.now() + PATIENCE; !holds(); await sleep(20)) assert.ok(Date.now() < end, what);
}
