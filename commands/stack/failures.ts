/** What failed in a run, of which resource and which node, from the engine's events. */
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";

export interface Node {
  readonly name: string;
  /** Private; undefined while it has none. */
  readonly address: string | undefined;
}

/** One error. */
export interface Failure {
  /** As Pulumi words it. */
  readonly message: string;
  /** The resource that it is said of; none where it is said of the run. */
  readonly resource?: { readonly name: string; readonly type: string };
  /** The node that the resource belongs to. */
  readonly node?: Node | undefined;
}

const nodeType = "etcd:index:EtcdNode";

/** Collects errors, and what nodes there are: their names and addresses may come later. */
export class Failures {
  readonly #errors = new Map<string, { urn: string; message: string }>();
  /** By the name of the component. */
  readonly #nodes = new Map<string, string>();
  /** By the URN's name of what has it. */
  readonly #addresses = new Map<string, string>();

  take(event: EngineEvent): void {
    const { urn = "", message, severity } = event.diagnosticEvent ?? { message: "" };
    const text = message.trim();
    if (text && String(severity) === "error")
      this.#errors.set(`${urn} ${text}`, { urn, message: text });
    const step = event.resourcePreEvent ?? event.resOutputsEvent;
    if (step) this.#see(step.metadata);
  }

  list(): Failure[] {
    return [...this.#errors.values()].map(({ urn, message }) => {
      const { name, type } = partsOf(urn);
      if (!name || type === "pulumi:pulumi:Stack") return { message };
      return { message, resource: { name, type }, node: this.#nodeOf(name) };
    });
  }

  #see({ urn, new: now }: StepEventMetadata): void {
    const { name, type } = partsOf(urn);
    const member: unknown = now?.inputs?.name;
    if (type === nodeType && typeof member === "string") this.#nodes.set(name, member);
    const address: unknown = now?.outputs?.privateIp;
    if (typeof address === "string" && address) this.#addresses.set(name, address);
  }

  /** What belongs to a node is named after it, inside its component or beside it. */
  #nodeOf(resource: string): Node | undefined {
    const own = [...this.#nodes].filter(([node]) => `${resource}-`.startsWith(`${node}-`));
    const [component, name] = own.sort(([a], [b]) => b.length - a.length)[0] ?? [];
    if (component === undefined || name === undefined) return undefined;
    const holders = [component, `${component}-interface`, `${component}-instance`];
    const address = holders.map((holder) => this.#addresses.get(holder)).find(Boolean);
    return { name, address };
  }
}

function partsOf(urn: string): { name: string; type: string } {
  const [, , types = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  return { name: name.join("::"), type: types.split("$").at(-1) ?? "" };
}
