// Writes the content security policy into a built page: nothing from any other host, and no inline
// script but those that the page was built with, by their hashes.
//
//     node www/write-policy.mjs index.html

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [file] = process.argv.slice(2);
const page = readFileSync(file, "utf8");
const inline = [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
const hashes = inline.map(([, script]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
const policy = [
  "default-src 'none'",
  `script-src 'self' 'wasm-unsafe-eval' ${hashes.join(" ")}`,
  "style-src 'self'",
  // Shares and colours are handed to the style sheet as properties of single elements.
  "style-src-attr 'unsafe-inline'",
  "font-src 'self'",
  // Charts are drawn as data before they are saved.
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
// After the character set, before anything is loaded.
const written = page.replace(/<meta charset=[^>]*>/, (charset) => `${charset}${meta}`);
if (hashes.length === 0 || written === page) {
  throw new Error(`${file} is not what was expected`);
}
writeFileSync(file, written);
