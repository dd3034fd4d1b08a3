/** Host keys of SSH for tests. */
import { randomBytes } from "node:crypto";
import { keyPairOf, type KeyPair } from "../components/ssh/hostKey.ts";

/** Any key: another one at each call. */
export function makeHostKey(): Promise<KeyPair> {
  return keyPairOf(randomBytes(32));
}
