import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import * as dnsPacket from "dns-packet";
import type { Answer, RecordType } from "dns-packet";

/** What one server said to one question. */
export interface DnsReply {
  /** NOERROR, NXDOMAIN, SERVFAIL, … */
  readonly rcode: string;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

/**
 * One question over UDP to one server. Rejects when no answer comes within `timeoutMs` (500 by
 * default) or the server's port refuses. Long, because one socket has many ways to end.
 */
export function ask(
  server: string,
  name: string,
  type: RecordType,
  options: { timeoutMs?: number; recursive?: boolean } = {},
): Promise<DnsReply> {
  const timeoutMs = options.timeoutMs ?? 500;
  const id = randomInt(1, 65536);
  const query = dnsPacket.encode({
    type: "query",
    id,
    flags: options.recursive ? dnsPacket.RECURSION_DESIRED : 0,
    questions: [{ type, name }],
  });
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    const end = (finish: () => void) => {
      clearTimeout(timer);
      socket.close();
      finish();
    };
    const timer = setTimeout(
      () =>
        end(() =>
          reject(new Error(`${server} gave no answer to ${name} ${type} in ${timeoutMs} ms`)),
        ),
      timeoutMs,
    );
    socket.on("error", (error) =>
      end(() =>
        reject(new Error(`${server} cannot be asked for ${name} ${type}: ${error.message}`)),
      ),
    );
    socket.on("message", (message) => {
      try {
        const packet = dnsPacket.decode(message);
        if (packet.id !== id) return; // an answer to an earlier question
        const { rcode, flag_aa: authoritative } = packet as typeof packet & {
          rcode: string;
          flag_aa: boolean;
        };
        end(() =>
          resolve({
            rcode,
            authoritative,
            answers: packet.answers ?? [],
            authorities: packet.authorities ?? [],
          }),
        );
      } catch (error) {
        end(() =>
          reject(
            new Error(
              `${server} answered ${name} ${type} with something that is no DNS ` +
                `message: ${(error as Error).message}`,
            ),
          ),
        );
      }
    });
    // Connected, so that a closed port comes back as an error instead of silence.
    socket.connect(53, server, () => socket.send(query));
  });
}

/**
 * Asks again and again until `fits`, every 50 ms, for at most `deadlineMs`. Throws with the last
 * thing the server said.
 */
export async function waitForAnswer(
  server: string,
  name: string,
  type: RecordType,
  fits: (reply: DnsReply) => boolean,
  deadlineMs: number,
  options: { recursive?: boolean } = {},
): Promise<DnsReply> {
  const end = Date.now() + deadlineMs;
  let last = "nothing yet";
  while (Date.now() < end) {
    try {
      const reply = await ask(server, name, type, options);
      if (fits(reply)) return reply;
      last =
        `${reply.rcode}, ${reply.answers.length} ` +
        `answers${reply.authoritative ? "" : ", not authoritative"}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `${server} did not answer ${name} ${type} as needed within ${deadlineMs / 1000} s; ` +
      `the last: ${last}`,
  );
}
