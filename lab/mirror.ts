import { existsSync, createReadStream, statSync } from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import { addresses } from "./addresses.ts";
import { listen, type Listening } from "./httpServer.ts";
import { cacheDir } from "./paths.ts";

/**
 * Serves release archives of etcd to the machines, with the paths of the project's own releases:
 * /v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz and /v3.6.14/SHA256SUMS. Throws when the port is taken.
 */
export function startMirror(log: (line: string) => void): Promise<Listening> {
  return listen(
    "The lab's etcd mirror",
    (request) => {
      const { pathname } = new URL(request.url);
      const file =
        request.method === "GET" || request.method === "HEAD" ? fileOf(pathname) : undefined;
      if (!file) {
        log(`${request.method} ${pathname}: 404`);
        return new Response(
          "not in this mirror; it has /v<version>/SHA256SUMS and " +
            "/v<version>/etcd-v<version>-linux-<arch>.tar.gz of versions the lab was " +
            "started with\n",
          { status: 404 },
        );
      }
      const size = statSync(file).size;
      log(`${request.method} ${pathname}: ${size} bytes`);
      const body =
        request.method === "HEAD"
          ? null
          : (Readable.toWeb(createReadStream(file)) as ReadableStream);
      return new Response(body, {
        headers: { "content-length": String(size), "content-type": "application/octet-stream" },
      });
    },
    addresses.gateway,
    addresses.mirrorPort,
  );
}

/** The cached file for a path, if the path has the right form and the version is in the cache. */
export function fileOf(pathname: string, cache = cacheDir): string | undefined {
  const match =
    /^\/v(\d+\.\d+\.\d+)\/(SHA256SUMS|etcd-v(\d+\.\d+\.\d+)-linux-(amd64|arm64)\.tar\.gz)$/.exec(
      pathname,
    );
  if (!match || (match[3] !== undefined && match[3] !== match[1])) return undefined;
  const [, version, name = ""] = match;
  return ["amd64", "arm64"]
    .map((arch) => path.join(cache, `etcd-v${version}-linux-${arch}`, "archive", name))
    .find((file) => existsSync(file));
}
