// The way in for every `npm run …`: plain JavaScript for whatever Node the machine has (14 or
// newer). It installs the project's packages when they are missing or not those of
// package-lock.json, then runs commands/<name>.ts with the project's own Node 24. That one is for
// Linux, as the lab is; what only looks at a stack runs elsewhere too, with the Node it was called
// with.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants, homedir } from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [name = "", ...args] = process.argv.slice(2);

const hasOwnNode = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
const needsNoLab = ["status", "etcdctl", "ssh", "sweep"];
if (!hasOwnNode && !needsNoLab.includes(name)) {
  refuse(
    `the lab runs on Linux on x64 or arm64 (this is ${process.platform} on ${process.arch}); a ` +
      `virtual machine will do. Without a lab there are ${needsNoLab.join(", ")}, for your own ` +
      "stacks: -- --stack NAME",
  );
}
const commands = readdirSync(path.join(project, "commands"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3));
if (!commands.includes(name))
  refuse(`there is no command ${JSON.stringify(name)}; there are: ${commands.join(", ")}`);
if (!packagesFit()) install();

const node = hasOwnNode
  ? path.join(project, "node_modules", `node-linux-${process.arch}`, "bin", "node")
  : process.execPath;
if (!hasOwnNode && !runsTypeScript(process.versions.node))
  refuse(`Node 22.18 or newer is needed here (this is ${process.versions.node})`);
if (!existsSync(node))
  refuse(
    `the package node-linux-${process.arch} is not installed, an optional dependency; ` +
      "allow those (npm config get omit) and run npm ci",
  );
const child = spawn(
  node,
  [
    "--use-system-ca",
    "--disable-warning=ExperimentalWarning",
    path.join(project, "commands", `${name}.ts`),
    ...args,
  ],
  {
    // Compiled code is kept beside the lab's other caches: starts twice as fast.
    stdio: "inherit",
    env: {
      NODE_COMPILE_CACHE: path.join(
        process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"),
        "etcd-lab/node-compile",
      ),
      ...process.env,
    },
  },
);
child.on("error", (error) => refuse(`${node} could not be started: ${error.message}`));
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// A terminal sends Ctrl-C to both of us; passing it on would count twice, which ends Pulumi without
// saving its state.
process.on("SIGINT", () => {
  if (!process.stdin.isTTY) child.kill("SIGINT");
});

/**
 * Whether node_modules holds every package of package-lock.json in its version; optional ones may
 * be for other platforms.
 */
function packagesFit() {
  const read = (file) => JSON.parse(readFileSync(path.join(project, file), "utf8")).packages;
  if (!existsSync(path.join(project, "node_modules/.package-lock.json"))) return false;
  const installed = read("node_modules/.package-lock.json");
  return Object.entries(read("package-lock.json")).every(
    ([folder, { version, optional }]) =>
      folder === "" || (installed[folder] ? installed[folder].version === version : optional),
  );
}

/** From 22.18 and 23.8 on Node runs TypeScript as it is and knows --use-system-ca. */
function runsTypeScript(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 23 || (major === 22 && minor >= 18) || (major === 23 && minor >= 8);
}

function install() {
  process.stderr.write("Installing the project's packages with npm ci (about 15 s) …\n");
  // npm tells the scripts it runs where it is itself; by hand it is on PATH.
  const [command, ...prefix] = process.env.npm_execpath
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const result = spawnSync(
    command,
    [...prefix, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: project,
      stdio: ["ignore", 2, 2],
      timeout: 600_000,
    },
  );
  if (result.error)
    refuse(
      result.error.code === "ETIMEDOUT"
        ? "npm ci took more than 10 minutes and was ended; is the npm registry reachable?"
        : `npm ci could not be started: ${result.error.message}`,
    );
  if (result.status !== 0)
    refuse("npm ci failed (see above); npm 7 or newer and a reachable npm registry are needed");
}

function refuse(reason) {
  process.stderr.write(`${name || "run"}: ${reason}\n`);
  process.exit(2);
}
