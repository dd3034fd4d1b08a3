// A Node language host for the Pulumi CLI where the official one cannot be downloaded. It speaks
// pulumirpc.LanguageRuntime with the protocol files of the project's own @pulumi/pulumi, so it is
// always the SDK's version, starts the SDK's runner for each update and hands it the engine's
// address. Plain JavaScript, one file: it runs from the cache, away from this checkout.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";

const USER_ERROR_ALREADY_SHOWN = 32; // the SDK's exit code for an error it has printed itself
const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
const fromProject = requireFrom(process.cwd());
const grpc = fromProject("@grpc/grpc-js");
const proto = fromProject("@pulumi/pulumi/proto/language_pb.js");
const { LanguageRuntimeService } = fromProject("@pulumi/pulumi/proto/language_grpc_pb.js");
const { PluginInfo } = fromProject("@pulumi/pulumi/proto/plugin_pb.js");
const sdkVersion = fromProject("@pulumi/pulumi/package.json").version;
const children = new Set();

function requireFrom(folder) {
  const require = createRequire(path.join(folder, "package.json"));
  try {
    require.resolve("@pulumi/pulumi");
  } catch {
    process.stderr.write(
      `pulumi-language-nodejs: ${folder} has no @pulumi/pulumi in its node_modules; run ` +
        "npm ci there\n",
    );
    process.exit(1);
  }
  return require;
}

function start(args, options) {
  const child = spawn(process.execPath, args, options);
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}

/** Runs the program for a preview, update or destroy; answers when it has ended. */
function run(call, done) {
  const request = call.request;
  const info = request.getInfo();
  const folder = info.getProgramDirectory();
  const options = info.getOptions()?.toJavaScript() ?? {};
  const args = String(options.nodeargs ?? "")
    .split(/\s+/)
    .filter(Boolean);
  args.push(createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run"));
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info.getRootDirectory(),
    stack: request.getStack(),
    pwd: folder,
    parallel: request.getParallel(),
  };
  for (const [name, value] of Object.entries(flags))
    if (value) args.push(`--${name}`, String(value));
  if (request.getDryrun()) args.push("--dry-run");
  args.push(info.getEntryPoint(), ...request.getArgsList());
  const config = {};
  for (const [key, value] of request.getConfigMap().entries())
    config[key.replace(":", ":config:")] = value;
  const child = start(args, {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      ...(options.typescript === false ? {} : { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    },
  });
  call.on("cancelled", () => child.kill("SIGINT"));
  const answer = (set) => {
    const response = new proto.RunResponse();
    set(response);
    done(null, response);
  };
  child.on("error", (error) =>
    answer((response) => response.setError(`node could not be started: ${error.message}`)),
  );
  child.on("exit", (code, signal) =>
    answer((response) => {
      if (code === USER_ERROR_ALREADY_SHOWN) response.setBail(true);
      else if (code !== 0)
        response.setError(
          signal ? `the program was ended by ${signal}` : `the program exited with code ${code}`,
        );
    }),
  );
}

/** Starts a policy pack or component written for Node; what it prints goes back as it comes. */
function runPlugin(call) {
  const request = call.request;
  const folder = request.getInfo().getProgramDirectory();
  const isPolicyPack = request.getKind() === "analyzer";
  const { resolve } = createRequire(path.join(folder, "package.json"));
  const args = isPolicyPack
    ? [resolve("@pulumi/pulumi/cmd/run-policy-pack"), ...request.getArgsList(), folder]
    : [resolve("@pulumi/pulumi/cmd/run-plugin"), folder, ...request.getArgsList()];
  const given = Object.fromEntries(
    request
      .getEnvList()
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  const child = start(args, {
    cwd: isPolicyPack ? folder : request.getPwd(),
    env: { ...process.env, ...given },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const send = (set, value) => {
    const response = new proto.RunPluginResponse();
    response[set](value);
    call.write(response);
  };
  child.stdout.on("data", (data) => send("setStdout", data));
  child.stderr.on("data", (data) => send("setStderr", data));
  call.on("cancelled", () => child.kill("SIGINT"));
  child.on("error", (error) => call.destroy(error));
  child.on("close", (code) => {
    send("setExitcode", code ?? 1);
    call.end();
  });
}

function getPluginInfo(_call, done) {
  const info = new PluginInfo();
  info.setVersion(sdkVersion);
  done(null, info);
}

function about(_call, done) {
  const response = new proto.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  done(null, response);
}

function installDependencies(call) {
  call.destroy(
    Object.assign(new Error("this language host installs nothing; run npm ci in the project"), {
      code: grpc.status.UNIMPLEMENTED,
    }),
  );
}

const server = new grpc.Server();
server.addService(LanguageRuntimeService, {
  run,
  runPlugin,
  getPluginInfo,
  about,
  installDependencies,
  // What the program needs is in PULUMI_HOME already; the CLI is to look for nothing.
  getRequiredPackages: (_call, done) => done(null, new proto.GetRequiredPackagesResponse()),
  getRequiredPlugins: (_call, done) => done(null, new proto.GetRequiredPluginsResponse()),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(`pulumi-language-nodejs: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});

function stop() {
  for (const child of children) child.kill("SIGTERM");
  server.forceShutdown();
  process.exit(0);
}
process.on("SIGINT", stop);
process.on("SIGTERM", stop);

// A CLI that was killed cannot say goodbye; nobody else would end this process and its program.
// from the launcher: a CLI killed before this line would be missed
const cli = Number(process.env.ETCD_LAB_ENGINE ?? process.ppid);
setInterval(() => {
  if (process.ppid !== cli) stop();
}, 1_000).unref();
