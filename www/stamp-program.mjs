// Leaves room in a program and in its glue for a mark of which program they are, which write-version.mjs
// fills in: in the program a section of its own, the last.
//
//     node www/stamp-program.mjs PROGRAM.wasm GLUE.js

import { appendFileSync } from "node:fs";

import { BLANK, PROGRAM } from "./built.mjs";

const [wasm, glue] = process.argv.slice(2);
const mark = `${PROGRAM}${BLANK}`;
const name = "program";
/** A custom section: its number, its length, its name with that one's length, and what it says. */
appendFileSync(wasm, Buffer.concat([Buffer.from([0, 1 + name.length + mark.length, name.length]), Buffer.from(name + mark)]));
appendFileSync(glue, `\nexport const ${name} = "${mark}";\n`);
