// What a built folder holds, and when each file is wanted.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What stands before a mark of which version a file is of, and before one of which program it belongs to. */
export const [BUILD, PROGRAM] = ["vitrine-build:", "vitrine-program:"];
/** The place of a mark before it is known. */
export const BLANK = "0".repeat(16);

export const read = (folder, name) => readFileSync(join(folder, name));

/** The files of a version: all but the worker that lists them. */
export function built(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => statSync(join(folder, name)).isFile() && !name.startsWith(".") && name !== "service-worker.js")
    .sort();
}

/** Bytes of a file on a line that compresses. */
export const onTheLine = (folder, name) => gzipSync(read(folder, name), { level: 9 }).length;

/**
 * Whether no first visit needs a file: the other engine, the studio, the trainer and the systems that are
 * not on screen come when they are wanted; what an ordinary visit fetches behind its first ranking is
 * wanted by every visit.
 */
export function isLater(folder) {
  const { first } = JSON.parse(read(folder, "assets/manifest.json"));
  const assets = new Set(["assets/manifest.json", ...first.map((name) => `assets/${name}`)]);
  return (name) => !assets.has(name) && !/^assets\/(moppr|words)/.test(name) && /^(assets\/|studio|trainer|engine-webgpu)/.test(name);
}
