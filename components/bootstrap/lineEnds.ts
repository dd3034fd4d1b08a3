/**
 * Refuses text with a carriage return in it, as a checkout on Windows has: bash and Chef stumble
 * over it on the machine, and another digest would converge every node again. Throws with the file,
 * the rule and the cure.
 */
export function refuseCarriageReturns(file: string, content: Uint8Array): void {
  const at = content.indexOf(0x0d);
  if (at === -1) return;
  const line = content.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
  throw new Error(
    `${file}: lines have to end with LF alone, because they go to a Linux machine as they are ` +
      `(got a carriage return in line ${line}). After a checkout with CRLF, run ` +
      "`git config core.autocrlf input`, delete the file and check it out again with git",
  );
}
