/** A cookbook as one text: the same for the same files, whatever machine packed it and when. */
import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { refuseCarriageReturns } from "./lineEnds.ts";

/** The cookbook beside this package, whatever folder the program runs in. */
export const etcdCookbook = join(import.meta.dirname, "../../cookbooks/etcd");

/** What systems and editors leave in a folder: hidden files, backups, compiled Python. */
const stray = /^\.|~$|^#.*#$|\.pyc$|^__pycache__$/;

/**
 * Packs a folder as tar.gz in base64: files sorted by path, no times, owner root. Modes are the
 * recipe's business: all files are 0644. Its README stays behind: another wording there is no
 * reason to converge again. So do stray files and links. A file with a carriage return is refused.
 */
export async function packCookbook(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name !== "README.md")
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !relative(folder, file)
          .split(sep)
          .some((part) => stray.test(part)),
    )
    .sort();
  if (files.length === 0) throw new Error(`${folder}: the cookbook's folder holds no files`);
  const archive = pack();
  for (const file of files) {
    const name = relative(folder, file).split(sep).join("/");
    const content = await readFile(file);
    refuseCarriageReturns(file, content);
    archive.entry({ name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 }, content);
  }
  archive.finalize();
  // Stored, not compressed: what compression yields differs between builds of zlib, and a changed
  // byte would be a changed bootstrap.
  const packed = gzipSync(await buffer(archive), { level: 0 });
  // the field for the operating system, which node fills in with the one it runs on
  packed[9] = 255;
  return packed.toString("base64");
}
