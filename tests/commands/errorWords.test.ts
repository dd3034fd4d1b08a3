// How the errors of a run are told: of which resource and node, in whose words, and what to do.
// The official providers' words are those of aws 7.48, cloudflare 6.22 and command 1.2. Does not
// prove that other versions word and frame errors the same way: then the frames are shown, too.
import assert from "node:assert/strict";
import test from "node:test";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { errorWords } from "../../commands/stack/errorWords.ts";
import { Failures } from "../../commands/stack/failures.ts";

const commands = { again: "npm run up", pulumi: "npm run pulumi --", ssh: "npm run ssh --" };
const head = "urn:pulumi:dev::etcd::etcd:index:EtcdCluster";
const node = `${head}$etcd:index:EtcdNode`;
const bootstrap = `${head}$command:remote:Command::etcd-b-bootstrap`;
const instance = `${node}$aws:ec2/instance:Instance::etcd-b-instance`;
const record = `${node}$cloudflare:index/dnsRecord:DnsRecord::etcd-b-address`;
const srv = `${head}$cloudflare:index/dnsRecord:DnsRecord::etcd-b-client-srv`;
const group = `${head}$aws:ec2/securityGroup:SecurityGroup::etcd-members`;
const gate = `${head}$pulumi-nodejs:dynamic/etcd:DnsReadiness::etcd-dns`;

/** What is said of errors in a cluster whose node b has an address, but while it is founded. */
function told(errors: readonly (readonly [urn: string, message: string])[], founded = true) {
  const failures = new Failures();
  for (const [name, outputs] of [
    ["etcd-b", founded ? { privateIp: "10.0.0.4" } : {}],
    ["etcd-b-c", {}],
  ] as const)
    failures.take({
      resOutputsEvent: {
        metadata: {
          urn: `${node}::${name}`,
          new: { inputs: { name: name.replace("etcd-", "") }, outputs },
        },
      },
    } as unknown as EngineEvent);
  for (const [urn, message] of errors)
    failures.take({
      diagnosticEvent: { urn, message: `${message}\n`, severity: "error" },
    } as unknown as EngineEvent);
  return errorWords(failures.list(), commands);
}

const ours: [name: string, errors: [urn: string, message: string][], shown: string[]][] = [
  [
    "a refusal in a preview's hook",
    [
      ["", 'Preview failed: before hook "etcd-x" failed: etcd-ca: it is written once\n  run it'],
      ["", "preview failed"],
    ],
    ["etcd-ca: it is written once\n  run it"],
  ],
  [
    "a refusal in a hook of an update, of a provider's resource",
    [[instance, 'before hook "etcd-stops-alone" failed: Error: etcd-b-instance: alone']],
    ["etcd-b-instance: alone"],
  ],
  [
    "a refusal in a check",
    [
      [
        gate,
        "pulumi-nodejs:dynamic/etcd:DnsReadiness resource 'etcd-dns' has a problem: nodes: kept",
      ],
    ],
    ["nodes: kept"],
  ],
  [
    "a resource of ours that fails",
    [[gate, "DNS for etcd.test is not complete"]],
    ["etcd-dns: DNS for etcd.test is not complete"],
  ],
  ["one that names itself", [[gate, "etcd-dns: it is late"]], ["etcd-dns: it is late"]],
  ["nothing else", [["", "update failed"]], ["update failed"]],
  ["words that only look alike", [["", "hook failed: x"]], ["hook failed: x"]],
];
for (const [name, errors, shown] of ours)
  test(`ours: ${name}`, () => assert.deepEqual(told(errors), shown));

const ec2 = (action: string, status: number, rest: string) =>
  `operation error EC2: ${action}, https response error StatusCode: ${status}, RequestID: 1-2, ` +
  `api error ${rest}`;
const api = (status: string, code: number, message: string) =>
  'failed to make http request: POST "https://api.cloudflare.com/client/v4/zones/f/dns_records": ' +
  `${status} {"success":false,"errors":[{"code":${code},"message":"${message}"}]}`;

/** Words of a provider, and the next step that belongs to them. */
const theirs: [urn: string, message: string, next: RegExp][] = [
  [
    bootstrap,
    "after 16 failed attempts: dial tcp 10.0.0.4:22: connect: connection refused",
    /the machine is up and its SSH is not: .* of b's instance, start sshd there, then npm run up$/,
  ],
  [
    bootstrap,
    "after 16 failed attempts: dial tcp 10.0.0.4:22: i/o timeout",
    /does the machine run, .* sshFrom\? Then npm run up$/,
  ],
  [
    bootstrap,
    "after 16 failed attempts: ssh: handshake failed: ssh: host key mismatch",
    /nothing was sent to it\. See "host key" in docs\/troubleshooting\.md$/,
  ],
  [
    bootstrap,
    "after 16 failed attempts: ssh: handshake failed: ssh: unable to authenticate, attempted " +
      "methods [none publickey], no supported methods remain",
    /sshUser has to be/,
  ],
  [
    bootstrap,
    "The converge of b failed (1). The end of its log:\nboom: Process exited with status 1: " +
      'running "sudo -n bash -s"',
    /converges again; all of its log: npm run ssh -- b sudo tail/,
  ],
  [
    bootstrap,
    'wait: remote command exited without exit status or exit signal: running "sudo -n bash -s"',
    /the converge goes on without it/,
  ],
  [bootstrap, "sudo: a password is required", /may not use sudo/],
  [instance, ec2("RunInstances", 403, "UnauthorizedOperation: You are not"), /AWS permissions/],
  [
    instance,
    ec2("RunInstances", 500, "InsufficientInstanceCapacity: We currently do not have"),
    /config set --path 'etcd:nodes\.b\.instanceType' …$/,
  ],
  [instance, ec2("RunInstances", 400, "VcpuLimitExceeded: You have requested"), /raise the quota/],
  [instance, ec2("RunInstances", 503, "RequestLimitExceeded: Request limit"), /wait some minutes/],
  [instance, ec2("RunInstances", 400, "InvalidAMIID.NotFound: The image id"), /set etcd:ami/],
  [instance, ec2("StopInstances", 400, "InvalidInstanceID.NotFound: x"), /-- up --refresh looks/],
  [instance, ec2("RunInstances", 401, "AuthFailure: AWS was not able"), /log in to AWS/],
  [group, ec2("CreateSecurityGroup", 503, "ServiceUnavailable: x"), /AWS has trouble/],
  [
    group,
    "operation error EC2: CreateSecurityGroup, exceeded maximum number of attempts, 3, dial tcp: " +
      "lookup ec2.us-east-1.amazonaws.com: no such host",
    /AWS could not be reached/,
  ],
  [
    record,
    api("400 Bad Request", 81058, "An identical record already exists."),
    /says whose it is/,
  ],
  [record, api("403 Forbidden", 10000, "Authentication error"), /needs DNS Edit for the zone/],
  [record, api("404 Not Found", 81044, "Record does not exist."), /-- up --refresh looks/],
  [srv, api("404 Not Found", 7003, "Could not route to /zones/f"), /set etcd:zoneId/],
  [srv, api("429 Too Many Requests", 971, "Please wait"), /in five minutes/],
  [srv, "context deadline exceeded", /mend what it says, then npm run up$/],
];
for (const [urn, message, next] of theirs)
  test(`a provider's: ${message.slice(0, 140).replace(/\s+/g, " ")}`, () => {
    const name = urn.split("::").at(-1);
    const whose = name?.startsWith("etcd-b") ? " of node b (10.0.0.4)" : "";
    const [text = "", ...more] = told([[urn, message]]);
    assert.deepEqual(more, []);
    const [said, step] = text.split("\n  Next: ");
    assert.equal(said, `${name}${whose}: ${message}`);
    assert.match(step ?? "", next);
  });

test("the bridge's frames go, and what they repeat", () => {
  const said = `creating EC2 Instance: ${ec2("RunInstances", 400, "VcpuLimitExceeded: x")}`;
  const [text, ...more] = told([
    [instance, `sdk-v2/provider2.go:572: sdk.helper_schema: ${said}: provider=aws@7.48.0`],
    [instance, `1 error occurred:\n\t* creating ${instance}: 1 error occurred:\n\t* ${said}`],
    ["", "update failed"],
  ]);
  assert.ok(text?.startsWith(`etcd-b-instance of node b (10.0.0.4): ${said}\n  Next: `), text);
  assert.deepEqual(more, []);
});

test("a check of a provider names the resource that its frame names", () => {
  const frame =
    "aws:ec2/eip:Eip resource 'etcd-b-ip': property domain value {here} has a problem: ";
  assert.deepEqual(told([["", `${frame}expected vpc`]]), [
    "etcd-b-ip: expected vpc\n  Next: mend what it says, then npm run up",
  ]);
});

test("a node that has no address yet, and one whose name begins like another's", () => {
  assert.match(told([[instance, "x"]], false)[0] ?? "", /^etcd-b-instance of node b: x\n/);
  const other = instance.replace("etcd-b-instance", "etcd-b-c-instance");
  assert.match(told([[other, "x"]])[0] ?? "", /^etcd-b-c-instance of node b-c: x\n/);
});
