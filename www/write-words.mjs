// Writes each language's words into a built folder, in two files: what a first ranking shows, and
// the rest, which comes behind it.
//
//     node www/write-words.mjs FOLDER

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
/** What the command line alone says. */
const PRINTED = /^tables\./;
/** What comes behind the first ranking. */
const BEHIND = /^(studio|features|feature-kinds|notices|link|idle|effect)\.|^knobs\..*\.about$/;

const built = join(folder, "languages");
mkdirSync(built, { recursive: true });
for (const file of readdirSync("languages")) {
  const words = Object.entries(JSON.parse(readFileSync(join("languages", file), "utf8"))).filter(([key]) => !PRINTED.test(key));
  // In the order of code units: the page searches by halving.
  words.sort(([a], [b]) => (a < b ? -1 : 1));
  const write = (name, wanted) =>
    writeFileSync(join(built, name), JSON.stringify(Object.fromEntries(words.filter(wanted))));
  write(file, ([key]) => !BEHIND.test(key));
  write(file.replace(".json", "-more.json"), ([key]) => BEHIND.test(key));
}
