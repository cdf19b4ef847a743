// Where the browser is. Run by itself it prints the path, or says how to get one and fails.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of the browser: CHROMIUM if it is set, else the first that is installed. */
export function findBrowser() {
  if (process.env.CHROMIUM) {
    return process.env.CHROMIUM;
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const path = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...MAC].find(isExecutable);
  if (!path) {
    throw new Error(
      "Chromium is missing. Install it with\n" +
        "    sudo apt-get install chromium          (Debian, Ubuntu)\n" +
        "    brew install --cask chromium           (macOS)\n" +
        "or set CHROMIUM to the path of a Chromium or Chrome, 113 or newer.",
    );
  }
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findBrowser());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
