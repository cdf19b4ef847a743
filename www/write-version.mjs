// Gives a built page its version, which its addresses carry from then on, and has it keep itself for
// when there is no line; with it go the bytes that there are to keep: what every visit needs, the
// rest, and the WebGPU engine, which not every browser can use.
//
//     node www/write-version.mjs FOLDER

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { built, isLater, onTheLine, read } from "./built.mjs";

const [folder] = process.argv.slice(2);
const page = join(folder, "index.html");
const bare = readFileSync(page, "utf8")
  .replace(/<html data-version="[^"]*" data-bytes="[^"]*"/, "<html")
  .replace(/<script type="module" src="offline\.js[^"]*"><\/script>/, "");
const hash = createHash("sha256");
for (const name of built(folder)) hash.update(name).update(name === "index.html" ? bare : read(folder, name));
const version = hash.digest("hex").slice(0, 16);
const bytes = [0, 0, 0];
const later = isLater(folder);
for (const name of built(folder)) {
  bytes[name.startsWith("engine-webgpu") ? 2 : Number(later(name))] += onTheLine(folder, name);
}
const script = `<script type="module" src="offline.js?build=${version}"></script>`;
writeFileSync(page, bare.replace("<html", `<html data-version="${version}" data-bytes="${bytes.join(" ")}"`).replace("</head>", `${script}</head>`));
