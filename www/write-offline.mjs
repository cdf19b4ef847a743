// Fills in the service worker of a built folder, and has its page start it.
//
//     node www/write-offline.mjs FOLDER

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const page = join(folder, "index.html");
writeFileSync(page, readFileSync(page, "utf8").replace("</head>", '<script type="module" src="offline.js"></script></head>'));

const worker = join(folder, "service-worker.js");
const files = readdirSync(folder, { recursive: true })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => statSync(join(folder, name)).isFile() && !name.startsWith(".") && name !== "service-worker.js")
  .sort();
const hash = createHash("sha256");
for (const name of files) hash.update(name).update(readFileSync(join(folder, name)));
const { first } = JSON.parse(readFileSync(join(folder, "assets/manifest.json"), "utf8"));
const assets = new Set(["assets/manifest.json", ...first.map((name) => `assets/${name}`)]);
// The other engine, the studio and the systems that are not on screen come when they are wanted;
// what an ordinary visit fetches behind its first ranking is wanted by every visit.
const isFirst = (name) =>
  assets.has(name) || /^assets\/(moppr|words)/.test(name) || !/^(assets\/|studio|engine-webgpu)/.test(name);
const list = (names) => names.map((name) => JSON.stringify(name)).join(", ");
const source = readFileSync(new URL("service-worker.js", import.meta.url), "utf8")
  .replace("@VERSION@", hash.digest("hex").slice(0, 16))
  .replace('"@FIRST@"', list(files.filter(isFirst)))
  .replace('"@LATER@"', list(files.filter((name) => !isFirst(name))));
writeFileSync(worker, source);
