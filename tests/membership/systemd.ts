/**
 * systemd of one machine, as far as the node's programs and a person use it for etcd's unit: a
 * `systemctl` and a `journalctl` in the machine's PATH that ask this process, which runs the unit.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Machine } from "../faults/network.ts";
import { startUnit, type Unit } from "../faults/unit.ts";

/** How often it looks for what it is asked, in milliseconds. */
const everyMs = 30;

const here = "/run/systemd-bench";
const programs = {
  systemctl: `case "$1" in
  show) exec cat ${here}/unit ;;
  list-units) exit 0 ;;
esac
asked=${here}/asked/$$
echo "$*" > $asked && mv $asked $asked.ask
while [ ! -e $asked.done ]; do sleep 0.02; done
`,
  journalctl: `exec cat ${here}/journal\n`,
};

export interface Systemd {
  /** ActiveState of etcd's unit. */
  readonly active: string;
  /** The process that runs or ran last. */
  readonly unit: Unit | undefined;
  /** Enables and starts it, as a bootstrap does. */
  start(): void;
  stop(): Promise<void>;
  /** Looks no more; what runs is left to the machine's reset. */
  close(): void;
}

export function startSystemd(machine: Machine, unitText: string): Systemd {
  const at = (file: string) => path.join(machine.root, file);
  fs.mkdirSync(at("usr/local/bin"), { recursive: true });
  for (const [name, text] of Object.entries(programs))
    fs.writeFileSync(at(`usr/local/bin/${name}`), `#!/bin/sh\n${text}`, { mode: 0o755 });
  fs.rmSync(at(here), { recursive: true, force: true });
  fs.mkdirSync(at(`${here}/asked`), { recursive: true });
  let enabled = false;
  let written = "";
  let told = "";
  const systemd: Systemd & { unit: Unit | undefined } = {
    unit: undefined,
    get active() {
      return activeState(systemd.unit);
    },
    start() {
      enabled = true;
      begin();
    },
    async stop() {
      const { unit } = systemd;
      systemd.unit = undefined;
      await unit?.stop();
    },
    close: () => clearInterval(timer),
  };
  const begin = () => {
    if (systemd.active === "inactive") systemd.unit = startUnit(machine, unitText);
  };
  const show = () => {
    const text = [
      `ActiveState=${systemd.active}`,
      "SubState=dead",
      "Result=success",
      "ExecMainStatus=0",
      `NRestarts=${Math.max(0, (systemd.unit?.passes ?? 0) - 1)}`,
      `UnitFileState=${enabled ? "enabled" : "disabled"}`,
      "",
    ].join("\n");
    // A start that says nothing yet hides nothing of the one before.
    const journal = journalOf(systemd.unit) || (systemd.active === "active" ? "" : told);
    told = journal;
    if (text + journal === written) return;
    replace(at(`${here}/unit`), text);
    replace(at(`${here}/journal`), journal);
    written = text + journal;
  };
  const answer = async ([verb = "", ...words]: readonly string[]) => {
    if (words.at(-1)?.replace(".service", "") !== "etcd") return;
    if (verb === "enable" || verb === "disable") enabled = verb === "enable";
    else if (verb === "start") begin();
    else if (verb === "stop" || verb === "kill") await systemd.stop();
  };
  const timer = setInterval(() => {
    show();
    for (const file of fs.readdirSync(at(`${here}/asked`))) {
      if (!file.endsWith(".ask")) continue;
      const asked = at(`${here}/asked/${file}`);
      const words = fs.readFileSync(asked, "utf8").trim().split(" ");
      fs.rmSync(asked);
      void answer(words).then(() => {
        show();
        fs.writeFileSync(asked.replace(/ask$/, "done"), "");
      });
    }
  }, everyMs);
  show();
  return systemd;
}

function activeState(unit: Unit | undefined): string {
  const { etcd } = unit ?? {};
  if (!unit || etcd?.end?.code === 0) return "inactive";
  return etcd?.ready && !etcd.end ? "active" : "activating";
}

/**
 * The last refusal of its preflight, as journalctl would print it, and what its etcd says while it
 * does not serve; "" where that says nothing yet.
 */
function journalOf(unit: Unit | undefined): string {
  const entry = (by: string) => (text: string) =>
    `${JSON.stringify({ MESSAGE: text, SYSLOG_IDENTIFIER: by })}\n`;
  const refusals = (unit?.refusals.slice(-1) ?? []).map(entry("etcd-preflight"));
  if (activeState(unit) === "active") return refusals.join("");
  const log = unit?.etcd?.log().split("\n").slice(-200) ?? [];
  return [...refusals, ...log.filter(Boolean).map(entry("etcd"))].join("");
}

function replace(file: string, text: string): void {
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}
