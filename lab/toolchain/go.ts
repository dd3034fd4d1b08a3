import * as fs from "node:fs/promises";
import * as os from "node:os";
import { run } from "../shell.ts";
import { installPackages } from "../prerequisites.ts";
import { cached } from "./cache.ts";

/** The Go release used when the host's own is older than what the modules ask for. */
const release = "1.26.8";

export interface Go {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

let finding: Promise<Go> | undefined;

/**
 * A Go that can build modules of `go 1.26`. The host's Go of 1.21 or newer fetches a newer release
 * by itself when it needs one; an older one (Debian 12 has 1.19) fetches it as the module that Go
 * publishes it as. Without any, the distribution's is installed.
 */
export function findGo(report: (line: string) => void): Promise<Go> {
  return (finding ??= find(report)); // once, because several builds ask at the same time
}

async function find(report: (line: string) => void): Promise<Go> {
  const command = (await locate()) ?? (await install(report));
  const minor = Number(
    /go1\.(\d+)/.exec(await run(command, ["version"], { env: { GOTOOLCHAIN: "local" } }))?.[1] ?? 0,
  );
  // Debian's Go has GOTOOLCHAIN=local as its default.
  if (minor >= 21)
    return { command, env: { GOTOOLCHAIN: minor >= 26 ? "local" : `go${release}+auto` } };
  const root = await cached(`go-${release}`, async (folder) => {
    report(`toolchain: the host's Go is 1.${minor}; fetching Go ${release}`);
    const arch = os.arch() === "arm64" ? "arm64" : "amd64";
    const module = `golang.org/toolchain@v0.0.1-go${release}.linux-${arch}`;
    const found: { Dir?: string } = JSON.parse(
      await run(command, ["mod", "download", "-json", module], { cwd: folder, timeoutMs: 300_000 }),
    );
    if (!found.Dir)
      throw new Error(
        `toolchain: Go ${release} is not offered as the module ${module}; install Go ` +
          `${release} or newer and run the command again`,
      );
    await run("cp", ["-r", "--no-preserve=mode", `${found.Dir}/.`, folder], { timeoutMs: 120_000 });
    // Modules carry no permission bits.
    await run("chmod", ["-R", "+x", `${folder}/bin`, `${folder}/pkg/tool`]);
  });
  return { command: `${root}/bin/go`, env: { GOTOOLCHAIN: "local", GOROOT: root } };
}

async function locate(): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/go/bin", "/usr/lib/go/bin"];
  for (const folder of folders) {
    const candidate = `${folder}/go`;
    if (
      await fs.access(candidate, fs.constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  }
  return undefined;
}

async function install(report: (line: string) => void): Promise<string> {
  await installPackages([{ command: "go", apt: "golang-go", dnf: "golang" }], report);
  const installed = await locate();
  if (!installed)
    throw new Error(
      "toolchain: Go was installed but is not on PATH; install Go 1.26 or newer from " +
        "go.dev/dl and run the command again",
    );
  return installed;
}
