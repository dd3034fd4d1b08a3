/**
 * Reads something of a resource that a preview may not know yet. The SDK throws when such a value
 * is touched, and would report every rule that does as one that could not run; here it is
 * undefined, and the rule looks again when the resource is made and everything is known.
 */
export function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && error.message.endsWith("can't be known during preview"))
      return undefined;
    throw error;
  }
}
