import type { RecordType } from "../dns/answers.ts";

/** The fields of an SRV record as the API takes and gives them. */
export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** What a client decides about a record, checked and completed. */
export interface RecordFields {
  /** Full name, lower case, without the last dot. */
  readonly name: string;
  readonly type: RecordType;
  /** For SRV "weight port target", made from data; the priority stands apart, as at Cloudflare. */
  readonly content: string;
  /** Seconds; 1 is "automatic". */
  readonly ttl: number;
  readonly proxied: boolean;
  readonly comment: string | null;
  readonly data?: SrvData;
  readonly priority?: number;
}

/** A record as the API gives it. */
export interface DnsRecord extends RecordFields {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly proxiable: boolean;
  readonly settings: Record<string, never>;
  readonly meta: Record<string, never>;
  readonly tags: readonly string[];
  /** RFC 3339. */
  readonly created_on: string;
  readonly modified_on: string;
}
