/** What a preview knows already. Runs in the program only. */
import * as pulumi from "@pulumi/pulumi";

/** The value once it is there; undefined where it or a part of it is unknown in this preview. */
export async function ifKnown<T>(value: pulumi.Input<T>): Promise<pulumi.Unwrap<T> | undefined> {
  // Not in the SDK's types: an apply would never be called for what is unknown.
  const output = pulumi.output(value) as unknown as {
    readonly isKnown: Promise<boolean>;
    promise(): Promise<pulumi.Unwrap<T>>;
  };
  return (await output.isKnown) ? output.promise() : undefined;
}
