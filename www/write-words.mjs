// Writes each language's words into a built folder, in two files: what a first ranking shows, and
// the rest, which comes behind it, as languages/keys.txt has it. What is said where nothing starts goes
// into the page itself, and with it the script that is there before the page's program. In hints
// and introductions, which the page shows as HTML, names of papers and terms become links, so that the
// page's program need not know them.
//
//     node www/write-words.mjs FOLDER

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

const [folder] = process.argv.slice(2);
/** The part of each key: first, more, start or printed. */
const parts = new Map();
for (const [, part, keys] of readFileSync("languages/keys.txt", "utf8").matchAll(/^# (\w+): .*\n((?:[^#\n].*\n|\n)*)/gm)) {
  for (const key of keys.split("\n").filter(Boolean)) parts.set(key, part);
}
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
const languages = readdirSync("languages").filter((file) => file.endsWith(".json")).map((file) => file.replace(".json", "")).sort();
for (const language of languages) {
  const words = Object.entries(JSON.parse(readFileSync(`languages/${language}.json`, "utf8"))).map(([key, text]) => [
    key,
    LINKED.test(key) ? linked(key, text) : text,
  ]);
  // In the order of code units: the page searches by halving.
  words.sort(([a], [b]) => (a < b ? -1 : 1));
  const some = (wanted) => Object.fromEntries(words.filter(([key]) => parts.get(key) === wanted));
  const write = (name, wanted) => writeFileSync(join(built, name), JSON.stringify(some(wanted)));
  write(`${language}.json`, "first");
  write(`${language}-more.json`, "more");
  within[language] = some("start");
}

const page = join(folder, "index.html");
let written = readFileSync(page, "utf8");
/** Puts a script into the page, with a value in place of a text. */
function put(name, place, value, target) {
  const script = readFileSync(`www/${name}.js`, "utf8").replace(place, () => JSON.stringify(value));
  const { code } = transformSync(script, { minify: true, target, charset: "utf8" });
  written = written.replace(new RegExp(`(?<=<script id="${name}">)(?=</script>)`), () => code.trim());
}
// Any browser reads the first; the others are as the page's program is.
put("watchdog", 'JSON.parse("@WORDS@")', within, "es5");
put("early", 'JSON.parse("@LANGUAGES@")', languages, "es2022");
writeFileSync(page, written);
