/** One entry of the `errors` of an answer. */
export interface ApiError {
  readonly code: number;
  readonly message: string;
  readonly error_chain?: readonly { readonly code: number; readonly message: string }[];
}

/**
 * A request the API refuses: HTTP status and the errors of its answer, as Cloudflare gives them.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly ApiError[];
  constructor(status: number, errors: readonly ApiError[]) {
    super(errors.map((error) => error.message).join("; "));
    this.status = status;
    this.errors = errors;
  }
}

/** A refusal of one code, which Cloudflare gives without a chain. */
export function refuse(status: number, code: number, message: string): Refusal {
  return new Refusal(status, [{ code, message }]);
}

/** Cloudflare's general refusal of a record: the reason stands in the chain. */
export function validationError(code: number, message: string): ApiError {
  return { code: 1004, message: "DNS Validation Error", error_chain: [{ code, message }] };
}
