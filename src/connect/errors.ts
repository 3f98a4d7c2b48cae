import type { StatusName } from "../wire/errors.ts";

/**
 * Why an operation has no result: a status of the protocol (docs/wire.md), or
 *
 *   unreachable  no node answered, or not in time; or every one refuses, which is told at once
 *   aborted      its AbortSignal
 *   closed       the client was closed
 */
export type FailureCode = StatusName | "unreachable" | "aborted" | "closed";

export type FailureOptions = {
  /** What an AbortSignal gave as its reason, and the like. */
  readonly cause?: unknown;
};

/**
 * The operation did not take effect, and never will: it may be tried again without harm. Reads that
 * end without a result end like this too.
 */
export class OperationFailedError extends Error {
  override readonly name = "OperationFailedError";
  readonly definite = true;
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: FailureOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The write may have taken effect, or may yet: no answer came in time that tells. The client has already
 * repeated it where that could help (a repeated write counts once). Who has to know reads the key; to write again
 * only if it did not count, use `putIf` with the version read before.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";
  readonly definite = false;
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: FailureOptions) {
    super(message, options);
    this.code = code;
  }
}
