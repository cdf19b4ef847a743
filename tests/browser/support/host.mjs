// A host whose folder changes while pages are open: what was built, and versions made from it.

import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { DIST, Server } from "./server.mjs";

const script = (name) => fileURLToPath(new URL(`../../../www/${name}`, import.meta.url));

export class Host {
  static async start() {
    const host = new Host();
    host.root = await mkdtemp(join(tmpdir(), "vitrine-"));
    await host.deploy();
    host.server = await Server.start({ root: host.root });
    return host;
  }

  /**
   * Deploys what was built, with changes: name of a file -> its new bytes, made from the old.
   * @param {Record<string, (bytes: Buffer) => string | Buffer>} changes
   */
  async deploy(changes = {}) {
    await cp(DIST, this.root, { recursive: true, force: true });
    for (const [name, change] of Object.entries(changes)) {
      const path = join(this.root, name);
      await writeFile(path, change(await readFile(path)));
    }
    if (Object.keys(changes).length === 0) return;
    for (const name of ["write-version.mjs", "write-offline.mjs"]) {
      execFileSync(process.execPath, [script(name), this.root]);
    }
  }

  async stop() {
    await this.server.stop().catch(() => {});
    await rm(this.root, { recursive: true });
  }
}
