import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../shell.ts";
import { findGo } from "./go.ts";

export interface GoBuild {
  /** What is built, for people: "Pulumi 3.259.0". */
  readonly title: string;
  /** Module path → version. */
  readonly modules: Readonly<Record<string, string>>;
  /** Lines for go.mod: `a => b v1`. */
  readonly replace?: readonly string[];
  /**
   * Main packages; each becomes a binary named after the package's last path element without
   * version.
   */
  readonly packages: readonly string[];
  readonly tags?: readonly string[];
  /** Go variable → value, set by the linker. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * Leaves out inlining, except in Go's own packages, which builds share: compiles faster, runs
   * slower where it computes.
   */
  readonly withoutInlining?: boolean;
  /** How long it takes on two cores with empty caches, for the progress line. */
  readonly usually: string;
}

/**
 * Builds programs from Go modules into a folder, static and stripped. Modules come through the
 * host's own Go settings (GOPROXY, GOSUMDB) and its shared Go caches. Reports every 15 s how far it
 * is; gives up after 20 minutes. Long, because it is one build from its modules to its programs.
 */
export async function goBuild(
  build: GoBuild,
  folder: string,
  report: (line: string) => void,
): Promise<void> {
  const go = await findGo(report);
  const work = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-go-"));
  const started = Date.now();
  let fetched = 0;
  let compiled = 0;
  const say = () => {
    const step =
      compiled > 0 ? `compiling, ${compiled} packages done` : `fetching modules, ${fetched} so far`;
    report(
      `toolchain: ${build.title} from its Go modules: ${step} ` +
        `(${Math.round((Date.now() - started) / 1000)} s; usually ${build.usually} on two ` +
        "cores)",
    );
  };
  say();
  const timer = setInterval(say, 15_000);
  try {
    await fs.writeFile(path.join(work, "go.mod"), goMod(build));
    const flags = Object.entries(build.variables ?? {})
      .map(([name, value]) => ` -X ${name}=${value}`)
      .join("");
    await run(
      go.command,
      [
        "build",
        "-mod=mod",
        "-v",
        "-trimpath",
        "-buildvcs=false",
        ...(build.withoutInlining ? ["-gcflags=all=-l", "-gcflags=std="] : []),
        ...(build.tags ? ["-tags", build.tags.join(",")] : []),
        "-ldflags",
        `-s -w${flags}`,
        "-o",
        `${folder}/`,
        ...build.packages,
      ],
      {
        cwd: work,
        timeoutMs: 20 * 60_000,
        env: { ...go.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOOS: "linux" },
        onLine: (line) => {
          if (/^go: (downloading|found|finding)/.test(line)) fetched++;
          else if (!line.startsWith("go:")) compiled++;
        },
      },
    );
  } catch (error) {
    throw new Error(
      `toolchain: ${build.title} can neither be downloaded nor built; its Go modules ` +
        "come through GOPROXY (proxy.golang.org unless set), which must be " +
        `reachable\n${error instanceof Error ? error.message : error}`,
    );
  } finally {
    clearInterval(timer);
    await fs.rm(work, { recursive: true, force: true });
  }
  report(`toolchain: ${build.title} is built (${Math.round((Date.now() - started) / 1000)} s)`);
}

function goMod(build: GoBuild): string {
  const lines = ["module etcd-lab-toolchain", "", "go 1.26", ""];
  for (const [module, version] of Object.entries(build.modules))
    lines.push(`require ${module} ${version}`);
  for (const replacement of build.replace ?? []) lines.push(`replace ${replacement}`);
  return `${lines.join("\n")}\n`;
}
