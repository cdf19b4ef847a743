// Fills in the service worker of a built folder, when all else in it is as it will be.
//
//     node www/write-offline.mjs FOLDER

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { built, isLater, onTheLine, read } from "./built.mjs";

const [folder] = process.argv.slice(2);
const later = isLater(folder);
const [, version] = /<html data-version="([^"]+)"/.exec(read(folder, "index.html"));
/** What is asked for by its name alone: the page itself, names with a hash, and what style sheets name. */
const PLAIN = /^index\.html$|-[0-9a-f]{16}[._]|^fonts\/|^icon\.svg$|^(print|forced-colours)\.css$|^manifest\.webmanifest$/;
const entry = (name) => ({
  bytes: read(folder, name).length,
  hash: createHash("sha256").update(read(folder, name)).digest("base64"),
  line: onTheLine(folder, name),
  ...(later(name) && { later: true }),
  ...(PLAIN.test(name) && { plain: true }),
});
const files = Object.fromEntries(built(folder).map((name) => [name, entry(name)]));
const source = readFileSync(new URL("service-worker.js", import.meta.url), "utf8")
  .replace("@VERSION@", version)
  .replace('"@FILES@"', JSON.stringify(files));
writeFileSync(join(folder, "service-worker.js"), source);
