import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { baseImage, makeBase } from "./images/base.ts";
import {
  aptSettings,
  certificateBundle,
  certificatesInBuild,
  pipSettings,
} from "./images/hostSettings.ts";
import { projectDir } from "./paths.ts";
import { podman } from "./podman.ts";

/** Names, with tag, of the images the lab runs. */
export interface Images {
  /** A Debian 13 machine with systemd, sshd, cloud-init and a Chef client. */
  readonly machine: string;
  /** PowerDNS, unbound and moto. */
  readonly services: string;
}

const context = path.join(projectDir, "lab");
const recipes = {
  machine: {
    file: "images/machine.Containerfile",
    inputs: ["images/machine.Containerfile", "images/machine", "chef"],
  },
  services: { file: "images/services.Containerfile", inputs: ["images/services.Containerfile"] },
} as const;

/**
 * The lab's images, built when they or their inputs are new. The tag is a digest of everything that
 * goes in, so an unchanged image costs one call of podman. Throws with the end of the build's
 * output when a build fails.
 */
export async function ensureImages(report: (line: string) => void): Promise<Images> {
  const images = await imageNames();
  const present = new Set(
    (
      await podman([
        "images",
        "--filter",
        "reference=localhost/etcd-lab-*",
        "--format",
        "{{.Repository}}:{{.Tag}}",
      ])
    ).split("\n"),
  );
  const missing = (["machine", "services"] as const).filter((name) => !present.has(images[name]));
  if (missing.length === 0) return images;
  if (!present.has(baseImage)) await makeBase(report);
  await Promise.all(missing.map((name) => build(name, images[name], report)));
  return images;
}

/** The names the images have, or will have once built. */
export async function imageNames(): Promise<Images> {
  const [machine, services] = await Promise.all([
    digest(recipes.machine.inputs),
    digest(recipes.services.inputs),
  ]);
  return {
    machine: `localhost/etcd-lab-machine:${machine}`,
    services: `localhost/etcd-lab-services:${services}`,
  };
}

async function build(
  name: keyof typeof recipes,
  tag: string,
  report: (line: string) => void,
): Promise<void> {
  const started = Date.now();
  report(`images: building the ${name} image (about a minute)`);
  const settings = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-build-"));
  try {
    const apt = path.join(settings, "apt.conf");
    await fs.writeFile(apt, await aptSettings());
    const pip = pipSettings();
    await podman(
      [
        "build",
        "--quiet",
        "--isolation=chroot",
        "--network=host",
        "--pull=never",
        "--build-arg",
        `BASE=${baseImage}`,
        ...(name === "services" ? ["--build-arg", `PIP_CERT=${certificatesInBuild}`] : []),
        "--volume",
        `${certificateBundle()}:${certificatesInBuild}:ro`,
        "--volume",
        `${apt}:/etc/apt/apt.conf.d/99host:ro`,
        ...(pip ? ["--volume", `${pip}:/etc/pip.conf:ro`] : []),
        "--file",
        path.join(context, recipes[name].file),
        "--tag",
        tag,
        context,
      ],
      { timeoutMs: 480_000 },
    );
  } catch (error) {
    throw new Error(
      `images: the ${name} image could not be built; it takes packages from the Debian ` +
        `archive${name === "services" ? " and from PyPI" : ""}, which must be ` +
        `reachable\n${error instanceof Error ? error.message : error}`,
    );
  } finally {
    await fs.rm(settings, { recursive: true, force: true });
  }
  report(`images: the ${name} image is built (${Math.round((Date.now() - started) / 1000)} s)`);
}

/** Twelve hexadecimal digits over the names and contents of files and folders, relative to lab/. */
async function digest(inputs: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(os.arch());
  for (const input of inputs) {
    const full = path.join(context, input);
    const files = (await fs.stat(full)).isDirectory()
      ? (await fs.readdir(full, { recursive: true, withFileTypes: true }))
          .filter((e) => e.isFile())
          .map((e) => path.join(e.parentPath, e.name))
          .sort()
      : [full];
    for (const file of files)
      hash.update(`\0${path.relative(context, file)}\0`).update(await fs.readFile(file));
  }
  return hash.digest("hex").slice(0, 12);
}
