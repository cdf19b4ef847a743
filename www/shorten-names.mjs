// Gives what a program and its glue call each other's functions short names: a fortieth of the
// page is nothing but these names, which compress badly for the hashes in them.
//
//     node www/shorten-names.mjs PROGRAM.wasm GLUE.js

import { readFileSync, writeFileSync } from "node:fs";

import { wasmOpt } from "./wasm-opt.mjs";

const [wasm, glue] = process.argv.slice(2);
const pass = ["--minify-imports-and-exports-and-modules", wasm, "-o", wasm];
const { imports, exports } = JSON.parse(wasmOpt(...pass));

let text = readFileSync(glue, "utf8");
const modules = new Set(imports.map(([module]) => module));
const short = new Map(imports.map(([, name, short]) => [name, short]));
const exported = new Map(exports);
/** The pass gives all modules one name. */
const MODULE = "a";
const seen = new Set();
text = text
  .replace(/(?<![\w$.])(__wb[\w$]+)(?=\s*[:(])/g, (name) => {
    if (!short.has(name)) return name;
    seen.add(name);
    return short.get(name);
  })
  .replace(/(?<=\bwasm\.)[\w$]+/g, (name) => exported.get(name) ?? name);
for (const module of modules) text = text.replaceAll(`"${module}"`, `"${MODULE}"`);
const missed = [...short.keys()].filter((name) => !seen.has(name));
if (modules.size !== 1 || missed.length > 0) {
  throw new Error(`${glue} is not what was expected: modules ${[...modules]}, not found ${missed}`);
}
writeFileSync(glue, text);
