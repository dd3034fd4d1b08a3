import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { cacheDir } from "../paths.ts";
import { podman } from "../podman.ts";
import { installPackages } from "../prerequisites.ts";
import { runAsRoot } from "../shell.ts";
import { hostMirror } from "./hostSettings.ts";

/** The Debian release of the lab's machines, the one Debian's current EC2 images have. */
const release = "trixie";
/** What making it from the archive takes; not installed where it can be pulled. */
const archiveTools = [
  { command: "mmdebstrap", apt: "mmdebstrap", dnf: "mmdebstrap" },
  {
    command: "/usr/share/keyrings/debian-archive-keyring.gpg",
    apt: "debian-archive-keyring",
    dnf: "debian-keyring",
  },
];
const published = `docker.io/library/debian:${release}-slim`;

/** The name both images are built from. */
export const baseImage = `localhost/etcd-lab-base:${release}`;

/**
 * Makes the base image: pulled where a registry answers within 3 s, else made by mmdebstrap from
 * the Debian archive.
 */
export async function makeBase(report: (line: string) => void): Promise<void> {
  if (await registryAnswers()) {
    report(`images: pulling ${published}`);
    try {
      await podman(["pull", "--quiet", published], { timeoutMs: 180_000 });
      await podman(["tag", published, baseImage]);
      return;
    } catch (error) {
      report(
        `images: the pull failed (${firstLine(error)}); making the base from the Debian archive`,
      );
    }
  }
  await installPackages(archiveTools, report);
  const mirror = await hostMirror();
  report(`images: making Debian ${release} from ${mirror}`);
  // Not in /tmp, where even root may not write into a file of another user (fs.protected_regular).
  await fs.mkdir(cacheDir, { recursive: true });
  const work = await fs.mkdtemp(path.join(cacheDir, ".making-base-"));
  try {
    const archive = path.join(work, "base.tar");
    const architecture = os.arch() === "arm64" ? "arm64" : "amd64";
    await runAsRoot(
      "mmdebstrap",
      ["--variant=minbase", `--architectures=${architecture}`, release, archive, mirror],
      { timeoutMs: 300_000 },
    ).catch((error: unknown) => {
      throw new Error(
        `images: Debian ${release} can neither be pulled (docker.io) nor made from ` +
          `${mirror}; one of them must be reachable, or a mirror named in ` +
          `/etc/apt\n${reason(error)}`,
      );
    });
    await podman(["import", "--quiet", archive, baseImage], { timeoutMs: 120_000 });
  } finally {
    await runAsRoot("rm", ["-rf", work]);
  }
}

async function registryAnswers(): Promise<boolean> {
  try {
    await fetch("https://registry-1.docker.io/v2/", { signal: AbortSignal.timeout(3_000) });
    return true; // 401 is the usual answer, and an answer
  } catch {
    return false;
  }
}

/**
 * The first line that says why; the tool's many lines of progress, and the last one, help nobody.
 */
const reason = (error: unknown) =>
  String(error)
    .split("\n")
    .find((line) => /^(E:|\s+(Temporary failure|Could not|Unable to))/.test(line))
    ?.trim() ?? firstLine(error);
const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
