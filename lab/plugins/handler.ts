import type * as pulumi from "@pulumi/pulumi";
import type { Properties } from "./properties.ts";
import type { Failure } from "./validation.ts";
import type { Value, Values } from "./values.ts";

/** What a method gets besides the values: who it is called for, until when, and a voice. */
export interface Call {
  readonly urn: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Aborted when the user cancels the run. */
  readonly signal: AbortSignal;
  /** The resource's customTimeouts in milliseconds, when the program gave one. */
  readonly timeoutMs?: number;
  /**
   * Shows a line beside the resource. A passing line ("status") is replaced by the next; others
   * stay in the run's output.
   */
  say(severity: "info" | "warning" | "error" | "status", line: string): void;
}

/**
 * Makes, finds, changes and removes resources of one type. State holds outputs by the official
 * names; so do inputs.
 */
export interface Resource<Inputs = Values, State = Values> {
  readonly properties: Properties;
  /** The property that gets a made-up name when the program gives none. */
  readonly autoname?: string;
  /** Rules beyond those of the property table. */
  check?(inputs: Inputs, name: string): Failure[];
  /** Completes the program's inputs before anything else sees them (default tags). */
  complete?(inputs: Values): Values;
  /** Properties whose change makes a new resource only under some condition. */
  replacesToo?(state: State, inputs: Inputs, changed: ReadonlySet<string>): string[];
  /** How changes are found; by default the last state is compared with the new inputs. */
  readonly compare?: "state" | "inputs";
  create(inputs: Inputs, call: Call): Promise<{ id: string; state: State }>;
  /** The present state, or undefined when the thing is gone. */
  read?(id: string, state: State, call: Call): Promise<State | undefined>;
  /** Without it every change makes a new resource. */
  update?(
    id: string,
    state: State,
    inputs: Inputs,
    changed: ReadonlySet<string>,
    call: Call,
  ): Promise<State>;
  remove(id: string, state: State, call: Call): Promise<void>;
}

/** Answers one function of the SDK (`aws.ec2.getSubnet`). */
export type Lookup = (args: Values, call: Call) => Promise<Values>;

/**
 * One plugin: its types and functions by their official tokens, and what it does with its
 * configuration.
 */
export interface Provider {
  readonly name: string;
  readonly version: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly lookups: Readonly<Record<string, Lookup>>;
  /** Configuration keys that the engine keeps secret. */
  readonly secretConfig: readonly string[];
  /** What is wrong with the configuration; unknown values pass. */
  checkConfig(config: Values): Failure[];
  configure(config: Values): void;
}

/** The outputs of an official resource class, with its names and types: what `State` may hold. */
export type OutputsOf<R> = {
  -readonly [
    K in keyof R as R[K] extends pulumi.Output<unknown> ? K : never
  ]?: R[K] extends pulumi.Output<infer T> ? T : never;
};
/** The inputs of an official args interface after the engine has resolved them. */
export type InputsOf<A> = pulumi.Unwrap<A>;

/**
 * Turns a typed resource into one the skeleton can call. The engine's values are taken to have the
 * official form.
 */
export function resource<Inputs, State>(typed: Resource<Inputs, State>): Resource {
  return typed as unknown as Resource;
}

/**
 * The resource exists but is not as it should be: the engine keeps it in the state, with the
 * reason, and updates it next time.
 */
export class HalfMade extends Error {
  readonly id: string;
  readonly state: Record<string, Value | undefined>;
  constructor(id: string, state: object, reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason));
    this.id = id;
    this.state = state as Record<string, Value | undefined>;
  }
}
