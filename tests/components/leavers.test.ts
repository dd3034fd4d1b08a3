// Who leaves by what a state holds. Does not prove that a killed run leaves such a state, nor that
// they go then: tests/lab/members.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { leaversIn } from "../../components/membership/leavers.ts";
import { ClusterNames } from "../../components/names.ts";

const guard = (node: string, outputs: object = {}, cluster = "etcd") => ({
  [`urn:pulumi:dev::etcd::etcd:index:EtcdCluster$x::${cluster}-${node}-shutdown`]: {
    type: "pulumi-nodejs:dynamic/etcd:MemberShutdown",
    outputs: {
      ...{ node, host: "10.0.0.4", instanceId: "i-4", volumeId: "vol-4", hostKey: "ssh-ed25519 k" },
      ...outputs,
    },
  },
});
const d = {
  name: "d",
  endpoint: "https://10.0.0.4:2379",
  peerUrl: "https://d.etcd.test:2380",
  address: "10.0.0.4",
  machine: "i-4",
  volume: "vol-4",
  hostKey: "ssh-ed25519 k",
};

for (const [what, saved, leavers] of [
  ["all are declared", { ...guard("a"), ...guard("b") }, []],
  ["one is not", { ...guard("a"), ...guard("d") }, [d]],
  ["a guard of a release that knew no machine", guard("d", { instanceId: undefined }), []],
  ["another cluster's", guard("d", {}, "other"), []],
  ["an empty state", {}, []],
] as const)
  test(`members that the state has machines of: ${what}`, () => {
    const names = new ClusterNames("etcd.test", true);
    assert.deepEqual(leaversIn(saved, "etcd", ["a", "b"], names), leavers);
  });
