/** Rows of tables of first starts: a node with files, and whether it lets etcd start. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { members, preflight, put, type paths } from "./preflightRun.ts";

/** As a bootstrap brings it to a founder. */
export const ticket = {
  kind: "found",
  clusterToken: "etcd-etcd.test",
  machine: "i-1",
  volume: "vol-1",
  nonce: "0123456789abcdef",
  members: Object.fromEntries(
    Object.entries(members).map(([name, address]) => [
      name,
      { peerUrl: `http://${name}.etcd.test:2380`, address },
    ]),
  ),
};

/** As `member add` on a living cluster gave it. */
export const joining = {
  ...ticket,
  kind: "join",
  memberId: "8e9e05c52164694d",
  nonce: "00112233445566aa",
};

/** The settings of a program. */
export const tickets = { tickets: true };

export type Prepare = (dir: string) => Promise<unknown>;
export const nothing: Prepare = async () => undefined;
export const having =
  (...files: Prepare[]): Prepare =>
  (dir) =>
    Promise.all(files.map((file) => file(dir)));
export const file =
  (at: keyof typeof paths, content: object | string): Prepare =>
  (dir) =>
    put(dir, at, content);

export interface Row {
  readonly name: string;
  /** Of the node. */
  readonly prepare: Prepare;
  readonly settings?: object;
  /** What it says when it refuses; undefined: it lets etcd start. */
  readonly refused?: RegExp;
}

/** What a node asks: its resolver and its metadata. */
export interface Surroundings {
  readonly dnsPort: number;
  readonly metadataPort: number;
}

/** A test for a row, on a node of its own. */
export function testStart(
  { name, prepare, settings, refused }: Row,
  around: () => Surroundings,
): void {
  test(`${name} ${refused ? "starts nothing" : "starts etcd"}`, async () => {
    const { dnsPort, metadataPort } = around();
    let had = true; // a refusal neither makes a data directory nor removes one
    const made = async (dir: string) => {
      await prepare(dir);
      had = existsSync(`${dir}/disk/data`);
    };
    const run = await preflight(dnsPort, settings, made, [
      "--metadata",
      `127.0.0.1:${metadataPort}`,
    ]);
    if (refused) {
      assert.equal(run.code, 1, run.out);
      assert.match(run.err, refused);
      assert.equal(run.startFile, "");
      assert.equal(existsSync(`${run.dir}/disk/data`), had, "the data directory");
    } else {
      assert.deepEqual([run.code, run.err], [0, ""]);
      assert.match(run.startFile, /^name: a\n/);
    }
  });
}
