import { existsSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../shell.ts";

/**
 * The Debian mirror this host uses itself, or the public one when it uses none (another
 * distribution, no apt).
 */
export async function hostMirror(): Promise<string> {
  const publicMirror = "http://deb.debian.org/debian";
  try {
    const targets = await run("apt-get", [
      "indextargets",
      "--format",
      "$(ORIGIN) $(COMPONENT) $(REPO_URI)",
      "Created-By: Packages",
    ]);
    const mirrors = targets
      .split("\n")
      .map((line) => line.split(" "))
      .filter(
        ([origin, component, uri]) =>
          origin === "Debian" &&
          component === "main" &&
          uri !== undefined &&
          !uri.includes("security"),
      );
    return mirrors[0]?.[2]?.replace(/\/$/, "") ?? publicMirror;
  } catch {
    return publicMirror; // no apt here
  }
}

/**
 * Settings for apt inside an image build: the host's proxy for apt, and its certificates for
 * mirrors behind https.
 */
export async function aptSettings(): Promise<string> {
  const certificates = `Acquire::https::CAInfo "${certificatesInBuild}";\n`;
  try {
    return (
      certificates +
      (await run("apt-config", [
        "dump",
        "--no-empty",
        "--format",
        '%f "%v";%n',
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
      ]))
    );
  } catch {
    return certificates; // no apt here
  }
}

/** Where a build finds the host's certificate bundle. */
export const certificatesInBuild = "/run/host-certificates.crt";

/** The host's certificate bundle, which knows the authorities of its own network too. */
export function certificateBundle(): string {
  const bundles = [
    process.env.SSL_CERT_FILE,
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
  ];
  const found = bundles.find((file) => file && existsSync(file));
  if (!found)
    throw new Error(
      "images: no certificate bundle on this host; install the package ca-certificates " +
        "and run the command again",
    );
  return found;
}

/** The host's settings for pip (a mirror, for instance), when it has any. */
export function pipSettings(): string | undefined {
  const files = [
    process.env.PIP_CONFIG_FILE,
    path.join(os.homedir(), ".config/pip/pip.conf"),
    "/etc/pip.conf",
  ];
  return files.find((file) => file && existsSync(file));
}
