// Starts the studio, when the page first opens it. What is asked of this file, version and attempt, is
// asked of the studio's own.
const { search } = new URL(import.meta.url);

try {
  const { default: init } = await import(`./studio.js${search}`);
  await init({ module_or_path: `./studio_bg.wasm${search}` });
} catch (error) {
  console.error(error);
  // What the page listens for: where this file itself is missing the browser tells it the same.
  const scripts = [...document.querySelectorAll("script[src]")];
  scripts.find(({ src }) => src === import.meta.url)?.dispatchEvent(new Event("error"));
}
