// Gives a built page its version, which its addresses carry from then on, and has it keep itself for
// when there is no line; with it go the bytes that there are to keep: what every visit needs, the
// rest, and the WebGPU engine, which not every browser can use.
//
// A host that has a newer version answers an old page's addresses with its files. So whatever is fetched
// late by a name that stays says what it is, and whoever fetches it looks: loaders, the manifest of the
// assets and the studio's texts have a mark of their version; a program and its glue have one of what they
// hold, for they may be the same in the next; the studio's style sheet has its hash in the page.
//
//     node www/write-version.mjs FOLDER

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BLANK, BUILD, PROGRAM, built, isLater, onTheLine, read } from "./built.mjs";

const [folder] = process.argv.slice(2);
/** A file as a text with a sign for each byte. */
const open = (name) => readFileSync(join(folder, name), "latin1");
const write = (name, text) => writeFileSync(join(folder, name), text, "latin1");
/** A text with its marks of a kind filled in. */
const marked = (text, kind, mark) => text.replace(new RegExp(`${kind}[0-9a-f]{${BLANK.length}}`, "g"), `${kind}${mark}`);
const short = (hash) => hash.digest("hex").slice(0, BLANK.length);

for (const name of ["engine-cpu", "engine-webgpu", "trainer", "studio"]) {
  const files = [`${name}.js`, `${name}_bg.wasm`];
  if (!files.every((file) => existsSync(join(folder, file)))) continue;
  const hash = createHash("sha256");
  for (const file of files) hash.update(marked(open(file), PROGRAM, BLANK), "latin1");
  const mark = short(hash);
  for (const file of [...files, `${name}-loader.js`]) {
    const text = open(file);
    if (!text.includes(PROGRAM)) throw new Error(`${file} is not what was expected`);
    write(file, marked(text, PROGRAM, mark));
  }
}

const MARK = `${BUILD}${BLANK}`;
/** Which files have a mark of their version, and how those get one that were not written with it. */
const MARKED = [
  [/^[\w-]+-loader\.js$/, (text) => text],
  [/^assets\/manifest\.json$/, (text) => text.replace("{", `{"build":"${MARK}",`)],
  // A last line, which the studio takes away (src/studio/browser.rs).
  [/^assets\/(lessons\/.+|tables[^/]*)\.md$/, (text) => text.replace(/\n*$/, `\n<!-- ${MARK} -->`)],
  [/^assets\/lessons\/.+\.toml$/, (text) => text.replace(/\n*$/, `\n# ${MARK}`)],
];
/** Their texts, with the marks blank. */
const blank = new Map();
for (const name of built(folder)) {
  const [, mark] = MARKED.find(([of]) => of.test(name)) ?? [];
  if (!mark) continue;
  const text = open(name);
  const whole = text.includes(BUILD) ? text : mark(text);
  if (!whole.includes(BUILD)) throw new Error(`${name} is not what was expected`);
  blank.set(name, marked(whole, BUILD, BLANK));
}

const page = join(folder, "index.html");
const bare = readFileSync(page, "utf8")
  .replace(/<html data-version="[^"]*" data-bytes="[^"]*" data-styles="[^"]*"/, "<html")
  .replace(/<script type="module" src="offline\.js[^"]*"><\/script>/, "");
const hash = createHash("sha256");
for (const name of built(folder)) {
  hash.update(name);
  if (name === "index.html") hash.update(bare);
  else if (blank.has(name)) hash.update(blank.get(name), "latin1");
  else hash.update(read(folder, name));
}
const version = short(hash);
for (const [name, text] of blank) write(name, marked(text, BUILD, version));
const bytes = [0, 0, 0];
const later = isLater(folder);
for (const name of built(folder)) {
  bytes[name.startsWith("engine-webgpu") ? 2 : Number(later(name))] += onTheLine(folder, name);
}
const styles = `sha256-${createHash("sha256").update(read(folder, "studio.css")).digest("base64")}`;
const root = `<html data-version="${version}" data-bytes="${bytes.join(" ")}" data-styles="${styles}"`;
const script = `<script type="module" src="offline.js?build=${version}"></script>`;
writeFileSync(page, bare.replace("<html", root).replace("</head>", `${script}</head>`));
