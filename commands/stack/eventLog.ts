import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/**
 * Follows the file that `pulumi … --event-log FILE` writes, one JSON object a line. The CLI knows
 * that option only with PULUMI_DEBUG_COMMANDS=true in its environment.
 */
export class EventLog {
  readonly #file: string;
  /** Why some of it could not be read; "" where all could. */
  damage = "";
  #offset = 0;
  #partial = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The events that were completed since the last call; none while there is no file. On a full disk
   * the CLI goes on, and writes half lines: those are left out.
   */
  next(): EngineEvent[] {
    try {
      return this.#lines().flatMap((line) => this.#read(line));
    } catch (error) {
      this.damage ||= (error as Error).message;
      return [];
    }
  }

  #read(line: string): EngineEvent[] {
    try {
      return [JSON.parse(line) as EngineEvent];
    } catch {
      this.damage ||= "a line of it is cut off; is the disk full?";
      return [];
    }
  }

  #lines(): string[] {
    if (!existsSync(this.#file)) return [];
    const bytes = Buffer.concat([this.#partial, this.#added()]);
    const end = bytes.lastIndexOf("\n") + 1;
    this.#partial = bytes.subarray(end);
    return bytes.subarray(0, end).toString().split("\n").filter(Boolean);
  }

  #added(): Buffer {
    const file = openSync(this.#file, "r");
    try {
      const added = Buffer.alloc(fstatSync(file).size - this.#offset);
      const length = readSync(file, added, 0, added.length, this.#offset);
      this.#offset += length;
      return added.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }
}
