/**
 * How a port of a member's machine is reached from here. Whatever connects to a member takes a
 * dialler and no address, so that a tunnel, or a test's process, can stand behind it.
 */

/** Where a port of a member can be reached for a while. */
export interface Dialled {
  readonly host: string;
  readonly port: number;
  /** Ends what was opened for it. */
  close(): void;
}

export interface Dialler {
  /** Opens the way to a port of the machine. Rejects when there is none. */
  dial(port: number): Promise<Dialled>;
}

/** The machine's own ports, by its address. */
export function directDialler(host: string): Dialler {
  return {
    async dial(port) {
      return { host, port, close: () => undefined };
    },
  };
}
