// Writes each language's words into a built folder, in two files: what a first ranking shows, and
// the rest, which comes behind it, as languages/keys.txt has it. What is said where nothing starts goes
// into the page itself, and with it the script that is there before the page's program. In hints
// and introductions, which the page shows as HTML, names of papers and terms become links, and behind them
// stands what the words of the field in them mean, so that the page's program need not know them.
//
//     node www/write-words.mjs FOLDER

import { createHash } from "node:crypto";
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

/** A text as HTML, each name linked where it first stands, if it is not `known` by then. */
function linked(key, text, known = new Set()) {
  if (/[<>&]/.test(text)) throw new Error(`${key} would have to be escaped: ${text}`);
  return text.replace(names, (name) => {
    if (known.has(name)) return name;
    known.add(name);
    return `<a href="${new Map(sources).get(name)}" target="_blank" rel="noopener noreferrer">${name}</a>`;
  });
}

/** Words of the field by the hint or the introduction that they are met in. */
const met = new Map(
  [...readFileSync("languages/glossary/met.txt", "utf8").matchAll(/^(\w[\w-]*\..+): (.+)$/gm)].map(([, key, terms]) => [key, terms.split(" ")]),
);

/** The words of a key as they are shown: as they are, or as HTML; explained, with what words of the field in them mean. */
function shown(key, words, explained) {
  const terms = (explained && met.get(key)) || [];
  if (!LINKED.test(key) && terms.length === 0) return words[key];
  const known = new Set();
  const lines = [linked(key, words[key], known)];
  for (const term of terms) {
    const name = `machine.terms.${term}`;
    const about = linked(`${name}.about`, words[`${name}.about`], known);
    lines.push(words["machine.opened"].replace("{part}", () => `<b>${words[name]}</b>`).replace("{about}", () => about));
  }
  return lines.join("<br>");
}

const built = join(folder, "languages");
mkdirSync(built, { recursive: true });
const within = {};
const hashOf = (bytes) => `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
/** Of each file that the page fetches before its program is there, what the browser holds it against. */
const hashes = { "assets/prepared.json": hashOf(readFileSync(join(folder, "assets/prepared.json"))) };
const languages = readdirSync("languages").filter((file) => file.endsWith(".json")).map((file) => file.replace(".json", "")).sort();
for (const language of languages) {
  const read = (name) => JSON.parse(readFileSync(`languages/${name}.json`, "utf8"));
  const all = { ...read(language), ...read(`glossary/${language}`) };
  // In the order of code units: the page searches by halving.
  const keys = Object.keys(all).sort();
  const some = (wanted, explained = false) => {
    // What is explained comes behind, in place of what a first ranking shows of it.
    const isWanted = (key) => parts.get(key) === wanted || (explained && met.has(key));
    return Object.fromEntries(keys.filter(isWanted).map((key) => [key, shown(key, all, explained)]));
  };
  const write = (name, words) => {
    const text = JSON.stringify(words);
    hashes[name] = hashOf(text);
    writeFileSync(join(built, `${name}.json`), text);
  };
  write(language, some("first"));
  write(`${language}-more`, some("more", true));
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
put("early", 'JSON.parse("@HASHES@")', hashes, "es2022");
writeFileSync(page, written);
