/** The lab's metadata service on an address of a test, without EC2 behind it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MetadataService } from "../lab/ec2/metadataService.ts";
import type { Described } from "../lab/ec2/metadataTree.ts";

export interface MetadataServer {
  readonly port: number;
  close(): void;
}

/** `idAt` names the instance at the address that asks. Of an instance only its id is known. */
export async function startMetadataServer(
  idAt: (source: string) => string,
  host = "127.0.0.1",
  port = 0,
): Promise<MetadataServer> {
  const service = new MetadataService(async (source) => instance(idAt(source), source));
  const server = createServer((incoming, outgoing) => {
    const request = new Request(`http://metadata${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers: Object.entries(incoming.headers) as [string, string][],
    });
    void service.answer(request, incoming.socket.remoteAddress ?? "").then(async (answer) => {
      outgoing.writeHead(answer.status).end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => void server.close(),
  };
}

const instance = (instanceId: string, address: string): Described => ({
  instanceId,
  address,
  zone: "us-east-1a",
  imageId: "",
  instanceType: "",
  architecture: "",
  accountId: "",
  mac: "",
  launchTime: "",
  securityGroups: [],
  userData: new Uint8Array(),
  tags: {},
  options: { endpoint: "enabled", tokens: "required", tags: "disabled" },
});
