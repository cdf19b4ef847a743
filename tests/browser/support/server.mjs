// A static web server as any host would run it, and as bad as a test wants it.

import { once } from "node:events";
import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** What is tested: what `./dev build` made, or the folder that DIST names. */
export const DIST = process.env.DIST ?? fileURLToPath(new URL("../../../dist/", import.meta.url));

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const COMPRESS = {
  gzip: (bytes, level) => promisify(gzip)(bytes, { level }),
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
};

/** Bytes of one write on a slow line. */
const PIECE = 4096;

const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

/** Compressed files, by encoding, path and time of change: tests start many servers. */
const compressed = new Map();

export class Server {
  /**
   * Path inside the folder -> { status } or { body, type }: what is answered in place of the file;
   * { headers }: what is sent with it; { silent }: there is never an answer; { breaks }: so many
   * answers break off in the middle.
   */
  faults = new Map();
  /** What is sent with every file. */
  headers = {};
  /** A slow line that all answers share: { bitsPerSecond, latency in ms }, or null. */
  line = null;
  /** Paths that were asked for. */
  requests = [];
  /** All that was heard of whoever asked: a text for each request, its line, headers and body. */
  heard = [];
  /** What browsers are told of keeping files. */
  cache = "max-age=600";
  #lineIsFreeAt = 0;

  /**
   * Serves a folder on a free port of this machine.
   * @param {{root?: string, base?: string, encoding?: "gzip" | "br", level?: number}} options `base` is the
   * path under which the folder is served, with a slash at both ends; `level` is gzip's: the smallest files
   * take a second of each file of tests.
   */
  static async start({ root = DIST, base = "/", encoding = "gzip", level = 1 } = {}) {
    const server = new Server();
    Object.assign(server, { root, base, encoding, level });
    await server.#listen(0);
    server.origin = `http://127.0.0.1:${server.http.address().port}`;
    server.url = server.origin + base;
    return server;
  }

  async #listen(port) {
    this.http = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        console.error(error);
        response.destroy();
      });
    });
    this.http.listen(port, "127.0.0.1");
    await once(this.http, "listening");
  }

  /** Listens again at the address at which it was stopped. */
  again() {
    return this.#listen(Number(new URL(this.origin).port));
  }

  async stop() {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, "close");
  }

  /** Answers `path` with the first `share` of its bytes from now on. */
  async truncate(path, share = 0.5) {
    const bytes = await readFile(join(this.root, path));
    this.faults.set(path, { body: bytes.subarray(0, Math.floor(bytes.length * share)) });
  }

  async #answer(request, response) {
    const said = [`${request.method} ${request.url}`, ...request.rawHeaders, await text(request)];
    this.heard.push(said.join("\n"));
    const { pathname } = new URL(request.url, this.origin);
    if (`${pathname}/` === this.base) {
      response.writeHead(301, { Location: this.base }).end();
      return;
    }
    let path = decodeURIComponent(pathname).slice(this.base.length);
    if (path === "") {
      path = "index.html";
    }
    this.requests.push(path);
    const fault = this.faults.get(path);
    if (fault?.silent) return;
    const file = join(this.root, normalize(`/${path}`));
    const found = pathname.startsWith(this.base) && (await stat(file).catch(() => null));
    if (fault?.status || (fault?.body === undefined && !found?.isFile())) {
      response.writeHead(fault?.status ?? 404, { "Content-Type": "text/plain" }).end("not here\n");
      return;
    }
    const headers = {
      "Content-Type": fault?.type ?? TYPES[extname(path)] ?? "application/octet-stream",
      "Cache-Control": this.cache,
      ...this.headers,
      ...fault?.headers,
    };
    let body;
    if (fault?.body !== undefined) {
      body = fault.body;
      headers["Cache-Control"] = "no-store";
    } else if (request.headers["accept-encoding"]?.includes(this.encoding)) {
      const key = `${this.encoding} ${this.level} ${file} ${found.mtimeMs}`;
      if (!compressed.has(key)) {
        compressed.set(key, readFile(file).then((bytes) => COMPRESS[this.encoding](bytes, this.level)));
      }
      body = await compressed.get(key);
      headers["Content-Encoding"] = this.encoding;
    } else {
      body = await readFile(file);
    }
    headers["Content-Length"] = Buffer.byteLength(body);
    if (fault?.breaks > 0) {
      fault.breaks -= 1;
      response.writeHead(200, headers);
      // Whoever asks has its beginning before the line is gone.
      response.write(Buffer.from(body).subarray(0, headers["Content-Length"] / 2), () => setTimeout(() => response.destroy(), 50));
      return;
    }
    await this.#send(response, headers, Buffer.from(body));
  }

  async #send(response, headers, body) {
    if (!this.line) {
      response.writeHead(200, headers).end(body);
      return;
    }
    await sleep(this.line.latency);
    response.writeHead(200, headers);
    const ready = performance.now();
    for (let at = 0; at < body.length && !response.destroyed; at += PIECE) {
      const piece = body.subarray(at, at + PIECE);
      // Not from now on: a timer that rang late is no pause of the line.
      const begin = Math.max(ready, this.#lineIsFreeAt);
      this.#lineIsFreeAt = begin + (piece.length * 8 * 1000) / this.line.bitsPerSecond;
      await sleep(this.#lineIsFreeAt - performance.now());
      response.write(piece);
    }
    response.end();
  }
}
