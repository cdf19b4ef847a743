// What `./dev bench` holds its numbers against: the aims that README.md names beside what was measured, which
// tests/browser/bars.test.mjs compares.

/** Kilobytes (1,000 bytes) after gzip of what is fetched together, in README's order. */
export const SIZES = { all: 1750, page: 300, webgpu: 3200, studio: 700, trainer: 1200 };

/** Milliseconds to a first ranking on a line of 10 Mbit/s, by the encoding that the server sends. */
export const FIRST_RANKING = { gzip: 1800, br: 1500 };

/** Milliseconds to the full shelf that was prepared with the page, on the same line. */
export const PREPARED_SHELF = 800;
