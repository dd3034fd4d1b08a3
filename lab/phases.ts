/** One finished part of a longer work. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Takes the time of the parts of a longer work. Parts may overlap, so their sum can be more than
 * the whole.
 */
export class Phases {
  readonly #started = Date.now();
  readonly done: Phase[] = [];

  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = Date.now();
    const result = await work();
    this.done.push({ name, seconds: (Date.now() - started) / 1000 });
    return result;
  }

  /** Seconds since the start. */
  elapsed(): number {
    return (Date.now() - this.#started) / 1000;
  }
}
