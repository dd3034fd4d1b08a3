// What is said when there is too little disk or memory. Does not prove that the amounts are enough.
import assert from "node:assert/strict";
import test from "node:test";
import { checkRoom, isCold, roomProblem } from "../../lab/room.ts";

const plenty = { cacheDisk: 50, projectDisk: 50, imageDisk: 50, memory: 8 };
const cases: [string, Partial<typeof plenty>, boolean, RegExp][] = [
  ["enough", {}, true, /^$/],
  [
    "cache too small for a first run",
    { cacheDisk: 3 },
    true,
    /^too little disk for the cache \(.*XDG_CACHE_HOME moves it\): 3\.0 GiB free, 5\.0 GiB needed for the first run; free some/,
  ],
  ["the same is enough for a later run", { cacheDisk: 3 }, false, /^$/],
  [
    "checkout's disk full",
    { projectDisk: 0.1 },
    false,
    /^too little disk for the checkout: 0\.1 GiB free/,
  ],
  ["no room for images", { imageDisk: 1 }, true, /podman's images/],
  ["no memory", { memory: 0.5 }, false, /^too little memory: 0\.5 GiB available, 2\.0 GiB needed/],
];
for (const [name, change, cold, want] of cases) {
  test(name, () => assert.match(roomProblem({ ...plenty, ...change }, cold), want));
}

test("a cache that holds only compiled commands is a cold one", () => {
  assert.deepEqual(
    [
      isCold([]),
      isCold(["node-compile"]),
      isCold(["node-compile", "etcd-v3.6.14-linux-amd64"]),
      isCold(["pulumi-3.259.0-linux-x64"]),
    ],
    [true, true, false, false],
  );
});

test("this host is measured without an error, or refused in one line", async () => {
  const message = await checkRoom().then(
    () => "",
    (e: Error) => e.message,
  );
  assert.ok(!message.includes("\n"), message);
});
