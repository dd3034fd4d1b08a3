/**
 * What was seen, as a table to print: one row for each fault, one line more where versions or modes
 * differ.
 */
export interface Saw {
  readonly gate: string;
  readonly node: readonly string[];
  readonly health: readonly string[];
}

interface Row {
  readonly fault: string;
  readonly alone: string;
  readonly program: string;
  readonly where: string[];
}

export class FaultTable {
  readonly #rows: Row[] = [];

  add(id: string, broken: string, version: string, tls: boolean, alone: string, saw: Saw): void {
    const fault = `${id} ${broken}`;
    const program =
      `gate ${saw.gate === "-" ? "not asked" : saw.gate ? "refuses" : "opens"}, node ` +
      `${saw.node.some(Boolean) ? "refuses" : "starts"}, health ` +
      `${saw.health.length ? "names it" : "sees nothing"}`;
    const where = `${version.split(".").slice(0, 2).join(".")} ${tls ? "TLS" : "plain"}`;
    const same = this.#rows.find(
      (row) => row.fault === fault && row.alone === alone && row.program === program,
    );
    if (same) same.where.push(where);
    else this.#rows.push({ fault, alone, program, where: [where] });
  }

  text(): string {
    const rows = this.#rows.toSorted((a, b) =>
      a.fault.localeCompare(b.fault, "en", { numeric: true }),
    );
    return [
      "",
      "FAULT | ETCD ALONE | THE PROGRAM | SEEN ON",
      ...rows.map((row) =>
        [row.fault, row.alone, row.program, row.where.sort().join(", ")].join(" | "),
      ),
    ].join("\n");
  }
}
