import * as os from "node:os";
import { podman } from "../podman.ts";
import { run, runAsRoot } from "../shell.ts";
import { hostMirror } from "./hostSettings.ts";

/** The Debian release of the lab's machines, the one Debian's current EC2 images have. */
const release = "trixie";
const published = `docker.io/library/debian:${release}-slim`;

/** The name both images are built from. */
export const baseImage = `localhost/etcd-lab-base:${release}`;

/** Makes the base image: pulled where a registry answers within 3 s, else made by mmdebstrap from the Debian archive. */
export async function makeBase(report: (line: string) => void): Promise<void> {
  if (await registryAnswers()) {
    report(`images: pulling ${published}`);
    try {
      await podman(["pull", "--quiet", published], { timeoutMs: 180_000 });
      await podman(["tag", published, baseImage]);
      return;
    } catch (error) {
      report(`images: the pull failed (${firstLine(error)}); making the base from the Debian archive`);
    }
  }
  const mirror = await hostMirror();
  report(`images: making Debian ${release} from ${mirror}`);
  const architecture = os.arch() === "arm64" ? "arm64" : "amd64";
  const archive = (await run("mktemp", ["--suffix=.tar"])).trim();
  try {
    await runAsRoot("mmdebstrap", ["--variant=minbase", `--architectures=${architecture}`, release, archive, mirror], { timeoutMs: 300_000 });
    await podman(["import", "--quiet", archive, baseImage], { timeoutMs: 120_000 });
  } finally {
    await runAsRoot("rm", ["-f", archive]);
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

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
