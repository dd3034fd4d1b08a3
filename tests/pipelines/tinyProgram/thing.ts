import * as pulumi from "@pulumi/pulumi";

interface Inputs {
  readonly name: string;
  readonly content: string;
}

/** A file in $CLOUD, which a hand can change. With $HOLD its making waits there for a file `go`. */
const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    const fs = await import("node:fs");
    const cloud = process.env.CLOUD ?? "";
    fs.appendFileSync(`${cloud}/calls.log`, `begin create ${inputs.name}\n`);
    if (process.env.HOLD)
      while (!fs.existsSync(`${cloud}/go`)) await new Promise((done) => setTimeout(done, 20));
    fs.writeFileSync(`${cloud}/${inputs.name}`, inputs.content);
    fs.appendFileSync(`${cloud}/calls.log`, `create ${inputs.name}\n`);
    return { id: inputs.name, outs: inputs };
  },
  async read(id, props) {
    const fs = await import("node:fs");
    const file = `${process.env.CLOUD ?? ""}/${id}`;
    if (!fs.existsSync(file) || props === undefined) return {};
    return { id, props: { ...props, content: fs.readFileSync(file, "utf8") } };
  },
  async diff(_id, olds, news) {
    return { changes: olds.content !== news.content };
  },
  async update(id, _olds, news) {
    const fs = await import("node:fs");
    const cloud = process.env.CLOUD ?? "";
    fs.appendFileSync(`${cloud}/calls.log`, `begin update ${id}\n`);
    if (process.env.HOLD)
      while (!fs.existsSync(`${cloud}/go`)) await new Promise((done) => setTimeout(done, 20));
    fs.writeFileSync(`${cloud}/${id}`, news.content);
    fs.appendFileSync(`${cloud}/calls.log`, `update ${id}\n`);
    return { outs: news };
  },
  async delete(id) {
    const fs = await import("node:fs");
    const cloud = process.env.CLOUD ?? "";
    fs.rmSync(`${cloud}/${id}`, { force: true });
    fs.appendFileSync(`${cloud}/calls.log`, `delete ${id}\n`);
  },
};

export class Thing extends pulumi.dynamic.Resource {
  constructor(name: string, args: { readonly content: string }, opts?: pulumi.ResourceOptions) {
    super(provider, name, { name, ...args }, opts);
  }
}
