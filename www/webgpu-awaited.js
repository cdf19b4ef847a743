// Awaits the WebGPU engine in a developer's build, which does not wait for it: this file stands where
// the engine's loader will be, keeps the page patient, and becomes the loader once that is there.

const patience = () => self.postMessage('"alive"');
self.addEventListener("message", patience);

/** Milliseconds between two looks. */
const PAUSE = 2000;

const isLoader = async () => {
  try {
    const response = await fetch(self.location.href, { cache: "no-store" });
    return response.ok && !(await response.text()).startsWith("// Awaits ");
  } catch {
    // The developer's server is being started again.
    return false;
  }
};

console.info("The WebGPU engine is being built. The CPU computes meanwhile.");
while (!(await isLoader())) {
  await new Promise((wake) => setTimeout(wake, PAUSE));
}
self.removeEventListener("message", patience);
// By another address, for this one is known as this file.
const loader = new URL(self.location.href);
loader.searchParams.set("built", "");
await import(loader.href);
