// Starts the studio, when the page first opens it.
import init from "./studio.js";

try {
  await init({ module_or_path: "./studio_bg.wasm" });
} catch (error) {
  console.error(error);
  // What the page listens for: a script whose imports are missing tells it the same.
  document.querySelector('script[src="studio-loader.js"]')?.dispatchEvent(new Event("error"));
}
