import type { Properties } from "../properties.ts";
import { isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";

/** How to reach a host: the official `ConnectionArgs`, resolved and with defaults. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly password?: string;
  readonly hostKey?: string;
  readonly agentSocketPath?: string;
  /** Failed dials before giving up; -1 never gives up. */
  readonly dialErrorLimit: number;
  /** Seconds for one dial; 0 has no limit. */
  readonly perDialTimeout: number;
  readonly proxy?: Omit<Connection, "proxy">;
}

const single: Properties = {
  agentSocketPath: {},
  dialErrorLimit: { default: 10 },
  host: { required: true },
  hostKey: {},
  password: {},
  perDialTimeout: { default: 15 },
  port: { default: 22 },
  privateKey: {},
  privateKeyPassword: {},
  user: { default: "root" },
};

export const connectionProperties: Properties = { ...single, proxy: { fields: single } };

/** Fills in the defaults, so that the state says all that was used. */
export function withConnectionDefaults(inputs: Values): Values {
  return isObject(inputs.connection)
    ? { ...inputs, connection: completed(inputs.connection) }
    : inputs;
}

function completed(connection: Values): Values {
  const defaults = Object.fromEntries(
    Object.entries(single).flatMap(([name, { default: value }]): [string, Value][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  return {
    ...defaults,
    ...connection,
    ...(isObject(connection.proxy) ? { proxy: completed(connection.proxy) } : {}),
  };
}
