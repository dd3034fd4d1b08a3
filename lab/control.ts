import { Hono } from "hono";
import { addresses } from "./addresses.ts";
import { loadRecords } from "./cloudflare/store.ts";
import { readZone } from "./dns/powerdns.ts";
import { flushResolver } from "./dns/servers.ts";
import { FaultInputError, parseFault } from "./faultInput.ts";
import { faultKinds, nameServers } from "./faultKinds.ts";
import type { NameServer } from "./faultKinds.ts";
import { faults } from "./faults.ts";
import type { ActiveFault, FaultRegistry } from "./faults.ts";
import { listen } from "./httpServer.ts";
import { podman } from "./podman.ts";

/** What `GET /status` tells. */
export interface LabStatus {
  /**
   * Containers of the lab: machines and services; state as podman names it (running, paused,
   * exited).
   */
  readonly containers: readonly {
    readonly name: string;
    readonly state: string;
    readonly image: string;
  }[];
  /** Records by nameserver, or why it could not be asked. */
  readonly dns: Readonly<
    Record<
      string,
      { readonly serial: number; readonly records: readonly string[] } | { readonly error: string }
    >
  >;
  /** Records at the Cloudflare emulator. */
  readonly cloudflare: readonly string[];
  readonly faults: readonly ActiveFault[];
}

/**
 * The lab's control interface. A change is answered once it is in effect. Errors are `{error: …}`.
 *
 *   GET /status · GET /faults · GET /faults/kinds · POST /faults {kind, …} · DELETE /faults (all)
 *   DELETE /faults/ID · POST /resolver/flush
 */
export function controlApp(
  registry: FaultRegistry,
  status: () => Promise<LabStatus>,
  log: (line: string) => void,
): Hono {
  const app = new Hono();
  app.get("/status", async (c) => c.json(await status()));
  app.get("/faults", (c) => c.json(registry.list()));
  app.get("/faults/kinds", (c) => c.json(faultKinds));
  app.post("/faults", async (c) => {
    const body: unknown = await c.req.json().catch(() => {
      throw new FaultInputError("the body must be JSON");
    });
    const fault = parseFault(body);
    const active = await registry.add(fault);
    log(`fault ${active.id} on: ${JSON.stringify(fault)}`);
    return c.json(active, 201);
  });
  app.delete("/faults", async (c) => {
    const cleared = await registry.clear();
    log(`all ${cleared} faults off`);
    return c.json({ cleared });
  });
  app.delete("/faults/:id", async (c) => {
    const id = c.req.param("id");
    if (!(await registry.remove(Number(id))))
      return c.json(
        {
          error: `there is no fault ${id}; on are: ${
            registry
              .list()
              .map((fault) => fault.id)
              .join(", ") || "none"
          }`,
        },
        404,
      );
    log(`fault ${id} off`);
    return c.json({ cleared: 1 });
  });
  app.post("/resolver/flush", async (c) => {
    await flushResolver();
    return c.json({ flushed: addresses.resolver });
  });
  app.notFound((c) =>
    c.json(
      {
        error:
          `the lab's control interface has no ${c.req.method} ${c.req.path}; it has ` +
          "/status, /faults, /faults/kinds and /resolver/flush",
      },
      404,
    ),
  );
  app.onError((error, c) => {
    log(`${c.req.method} ${c.req.path} failed: ${error.message}`);
    return c.json({ error: error.message }, error instanceof FaultInputError ? 400 : 500);
  });
  return app;
}

/** Starts the control interface on loopback. Throws when the port is taken. */
export function startControl(log: (line: string) => void): Promise<{ close(): Promise<void> }> {
  return listen(
    "The lab's control interface",
    controlApp(faults, labStatus, log).fetch,
    "127.0.0.1",
    addresses.controlPort,
  );
}

async function labStatus(): Promise<LabStatus> {
  const listed = JSON.parse(
    await podman(["ps", "--all", "--filter", "label=etcd-lab=1", "--format", "json"]),
  ) as { Names: string[]; State: string; Image: string }[];
  const containers = listed
    .map(({ Names: [name = ""], State: state, Image: image }) => ({ name, state, image }))
    .sort((a, b) => a.name.localeCompare(b.name));
  const dns = await Promise.all(
    nameServers.map(async (server) => [server, await serverStatus(server)] as const),
  );
  const cloudflare = loadRecords().map(({ type, name, priority, content }) =>
    [name, type, priority, content].filter((part) => part !== undefined).join(" "),
  );
  return { containers, dns: Object.fromEntries(dns), cloudflare, faults: faults.list() };
}

async function serverStatus(server: NameServer): Promise<LabStatus["dns"][string]> {
  try {
    const { serial, rrsets } = await readZone(server);
    return {
      serial,
      records: [...rrsets.values()]
        .flatMap((set) => set.contents.map((content) => `${set.name} ${set.type} ${content}`))
        .sort(),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
