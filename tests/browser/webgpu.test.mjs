// The engine on WebGPU, on a software adapter: right or wrong, not fast or slow.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";

import { eventually, test, useStage } from "./support/browser.mjs";
import { TRIAL, usePage, withVitrine } from "./support/vitrine.mjs";

const stage = useStage({ webgpu: true });

/** Largest relative difference between the backends (design: bars). */
const TOLERANCE = 1e-3;

/** Whether two scores are the same within the tolerance. */
const isClose = (a, b) => Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));

// One trial, which takes longer than all else, is enough for what is compared, and for what is lost in the end.
const begin = usePage(stage, { allow: [/lost|device|gpu/i] });

/** The top ten on one backend, and what each model said of the product that the link looks into. */
async function answerOf(backend, link) {
  const vitrine = await begin(`?v=1&backend=${backend}${link}`);
  await vitrine.servedBy(backend);
  await vitrine.get("score-breakdown").waitFor();
  assert.deepEqual(await vitrine.notices(), []);
  return {
    top: (await vitrine.ranking()).slice(0, 10),
    gates: (await vitrine.utilisation()).flat(),
    // The retriever's score, the ranker's utilities and its bias logit.
    parts: JSON.parse(await vitrine.get("score-breakdown").getAttribute("data-values")),
  };
}

describe("WebGPU", () => {
  test("is fetched behind the CPU's first answer, and both times are shown", async () => {
    const vitrine = await begin("");
    assert.equal(await vitrine.backend(), "cpu");
    const asked = () => vitrine.watch.requests.findIndex((url) => url.includes("engine-webgpu_bg.wasm"));
    await vitrine.get("time-webgpu").waitFor({ state: "attached", timeout: TRIAL });
    const weights = vitrine.watch.requests.findLastIndex((url) => url.includes("engine-cpu_bg.wasm"));
    assert.ok(asked() > weights, "the WebGPU engine was asked for first");
    for (const testid of ["time-cpu", "time-webgpu"]) {
      assert.match(await vitrine.get(testid).textContent(), /\d/);
    }
  });

  // Gates of the first layer: two tasks over DMT's four experts, three over MLPR's.
  for (const [name, link, gates] of [
    ["as it opens", "", 8],
    ["with every knob moved", "&q=lamp&w-order=0.3&w-relevance=0.4&gate-temperature=2&bias-at-serving=on", 8],
    ["on the feed", "&surface=feed", 8],
    ["Yandex's towers", "&surface=feed&retriever=yandex&shopper=mina", 8],
    // On the spot: a software GPU would put the whole catalogue through the BERT for minutes.
    ["the cascade with MLPR", "&ranker=mlpr&precomputed=off&coarse=on&coarse-keep=10", 12],
  ]) {
    test(`computes as the CPU does: ${name}`, async () => {
      const [first] = await (await begin(`?v=1&backend=cpu${link}`)).order();
      const look = `${link}&look=${first}`;
      const { top: cpu, ...cpuInsides } = await answerOf("cpu", look);
      const { top: gpu, ...gpuInsides } = await answerOf("webgpu", look);
      const parts = Object.keys(cpuInsides.parts).filter((part) => part.startsWith("u_"));
      for (const part of [...parts, "bias", "retrieval_score"]) {
        const [one, other] = [cpuInsides.parts[part], gpuInsides.parts[part]];
        // Logits may be as good as 0, where nothing is relative.
        assert.ok(Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one)), `${part}: CPU ${one}, GPU ${other}`);
      }
      assert.equal(cpuInsides.gates.length, gates);
      cpuInsides.gates.forEach((gate, i) => {
        assert.ok(Math.abs(gate - gpuInsides.gates[i]) <= TOLERANCE, `gate ${i}: CPU ${gate}, GPU ${gpuInsides.gates[i]}`);
      });
      assert.equal(cpu.length, 10);
      const scoreOn = Object.fromEntries(cpu.map(({ id, score }) => [id, Number(score)]));
      gpu.forEach(({ id, score }, i) => {
        assert.ok(id in scoreOn, `product ${id} is in the top ten of the GPU only`);
        assert.ok(isClose(Number(score), scoreOn[id]), `product ${id}: CPU ${scoreOn[id]}, GPU ${score}`);
        // Two products may change places only if they score the same.
        assert.ok(isClose(scoreOn[id], Number(cpu[i].score)), `place ${i + 1}: CPU ${cpu[i].id}, GPU ${id}`);
      });
    });
  }

  test("lost in the middle of a request: the CPU answers it, without a reload", async () => {
    const vitrine = await begin("?v=1&backend=cpu&gate-temperature=3");
    await vitrine.servedBy("cpu");
    const expected = await vitrine.scores();
    await begin("?v=1&backend=webgpu");
    await vitrine.servedBy("webgpu");
    assert.deepEqual(vitrine.watch.errors, [], "what is said in the console is of the loss");
    await vitrine.page.evaluate(() => {
      window.isTheSamePage = true;
    });
    await vitrine.after(async () => {
      await vitrine.set("gate-temperature", 3);
      await vitrine.tell("webgpu", "lose-device");
    });
    await vitrine.servedBy("cpu");
    await vitrine.notice(/gpu/);
    assert.deepEqual(await vitrine.scores(), expected);
    assert.equal(await vitrine.page.evaluate(() => window.isTheSamePage), true);
  });

  test("that the developer's server still builds is awaited without a word, and taken up once it is there", async () => {
    const loader = "engine-webgpu-loader.js";
    stage.server.faults.set(loader, { body: await readFile(new URL("../../www/webgpu-awaited.js", import.meta.url)) });
    await withVitrine(stage, { link: "?v=1&backend=webgpu" }, async (vitrine) => {
      await vitrine.ready();
      assert.equal(await vitrine.backend(), "cpu");
      // Whoever is silent for a minute is given up.
      const said = await vitrine.page.evaluate(
        (loader) =>
          new Promise((resolve) => {
            const worker = new Worker(loader, { type: "module" });
            worker.onmessage = ({ data }) => {
              worker.terminate();
              resolve(data);
            };
            worker.postMessage("ping");
          }),
        loader,
      );
      assert.equal(said, JSON.stringify("alive"));
      assert.deepEqual(await vitrine.notices(), []);
      // With its program it is an engine as any other.
      stage.server.requests.length = 0;
      stage.server.faults.clear();
      await eventually(() => stage.server.requests.includes("engine-webgpu_bg.wasm"), "the engine's program is asked for");
      assert.deepEqual(await vitrine.notices(), []);
    });
  });

  for (const [name, spoil] of [
    ["is missing", (server) => server.faults.set("engine-webgpu_bg.wasm", { status: 404 })],
    ["is cut short", (server) => server.truncate("engine-webgpu_bg.wasm")],
  ]) {
    test(`whose program ${name} leaves the CPU at work`, async () => {
      await spoil(stage.server);
      await withVitrine(stage, { link: "?v=1&backend=webgpu", allow: [/./] }, async (vitrine) => {
        await vitrine.ready();
        await vitrine.notice(/gpu/);
        await vitrine.search("lamp");
        assert.equal(await vitrine.backend(), "cpu");
      });
    });
  }
});
