// Writes each language's words into a built folder, in two files: what a first ranking shows, and
// the rest, which comes behind it. What is said where nothing starts goes into the page itself.
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
const BEHIND = /^(studio|features|feature-kinds|notices|link|idle|effect)\.|^knobs\..*\.about$/;

const built = join(folder, "languages");
mkdirSync(built, { recursive: true });
const within = {};
for (const file of readdirSync("languages")) {
  const words = Object.entries(JSON.parse(readFileSync(join("languages", file), "utf8"))).filter(([key]) => !PRINTED.test(key));
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
