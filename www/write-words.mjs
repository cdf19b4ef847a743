// Writes each language's words into a built folder, in two files: what a first ranking shows, and
// the rest, which comes behind it. What is said where nothing starts goes into the page itself. In hints
// and introductions, which the page shows as HTML, names of papers and terms become links, so that the
// page's program need not know them.
//
//     node www/write-words.mjs FOLDER

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

const [folder] = process.argv.slice(2);
/** What the command line alone says. */
const PRINTED = /^tables\./;
/** What the page says where no words can be fetched. */
const WITHIN = /^start\./;
/** What comes behind the first ranking. */
const BEHIND = /^(studio|machine|features|feature-kinds|notices|link|idle|effect|keeping|print|trial)\.|^backend\.(gpu|auto)|^knobs\..*\.about$/;
/** What the page shows as HTML, without values in it. */
const LINKED = /^knobs\..*\.about$|^(softmax|attention)\.note$/;

/** Names, longest first, and where they can be read up: as the lessons have them. */
const sources = [...readFileSync("src/lessons/sources.rs", "utf8").matchAll(/\(\s*"([^"]+)",\s*"(https:[^"]+)",?\s*\)/g)]
  .map(([, name, address]) => [name, address])
  .sort(([a], [b]) => b.length - a.length);
const names = new RegExp(`(?<![\\w²])(${sources.map(([name]) => name).join("|")})(?![\\w²])`, "g");

/** A text as HTML, each name linked where it first stands. */
function linked(key, text) {
  if (/[<>&]/.test(text)) throw new Error(`${key} would have to be escaped: ${text}`);
  const met = new Set();
  return text.replace(names, (name) => {
    if (met.has(name)) return name;
    met.add(name);
    return `<a href="${new Map(sources).get(name)}" target="_blank" rel="noopener noreferrer">${name}</a>`;
  });
}

const built = join(folder, "languages");
mkdirSync(built, { recursive: true });
const within = {};
for (const file of readdirSync("languages")) {
  const words = Object.entries(JSON.parse(readFileSync(join("languages", file), "utf8")))
    .filter(([key]) => !PRINTED.test(key))
    .map(([key, text]) => [key, LINKED.test(key) ? linked(key, text) : text]);
  // In the order of code units: the page searches by halving.
  words.sort(([a], [b]) => (a < b ? -1 : 1));
  const some = (wanted) => Object.fromEntries(words.filter(wanted));
  const write = (name, wanted) => writeFileSync(join(built, name), JSON.stringify(some(wanted)));
  write(file, ([key]) => !BEHIND.test(key) && !WITHIN.test(key));
  write(file.replace(".json", "-more.json"), ([key]) => BEHIND.test(key));
  within[file.replace(".json", "")] = some(([key]) => WITHIN.test(key));
}

const page = join(folder, "index.html");
const watchdog = readFileSync("www/watchdog.js", "utf8").replace('"@WORDS@"', () => JSON.stringify(within));
const { code } = transformSync(watchdog, { minify: true, target: "es5", charset: "utf8" });
const written = readFileSync(page, "utf8").replace(/(?<=<script id="watchdog">)(?=<\/script>)/, () => code.trim());
writeFileSync(page, written);
