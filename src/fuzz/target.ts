import { UserError } from "../lib/user-error.ts";
import { StorageError } from "../storage/storage-error.ts";
import { WireError } from "../wire/bytes.ts";

/** A decoder of bytes that others wrote, and what is held against it. */
export type FuzzTarget = {
  readonly name: string;
  /** Valid inputs, made by our own encoders. */
  readonly samples: readonly Uint8Array[];
  /** The input with its checksums made right, so that what is behind them is reached too. */
  readonly repair?: (input: Uint8Array) => Uint8Array;
  /** Bytes of typed arrays that may be made for an input of so many bytes. */
  readonly allocatesMax: (inputBytes: number) => number;
  /**
   * Decodes the input, and returns what came of it in a few words: the error that the decoder is meant to
   * throw, or the kinds of what it read. Anything else that is thrown is a finding. What is done
   * depends on the input alone.
   */
  readonly run: (input: Uint8Array) => string | Promise<string>;
  /** Ends what `run` started. */
  readonly stop?: () => Promise<void>;
};

/** What a decoder promises and did not keep. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

export function expect(holds: boolean, what: string): void {
  if (!holds) throw new BrokenPromise(what);
}

const OUTCOME_CHARS_MAX = 100;

/** Errors alike but for numbers and names are one outcome. */
export const outcomeText = (text: string): string =>
  text
    .replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "…")
    .replace(/\d+/g, "#")
    .replace(/\s+/g, " ")
    .slice(0, OUTCOME_CHARS_MAX);

/** What `work` returns, or the error that it may end with. */
export function outcomeOf(
  work: () => string,
  expected: readonly (new (...args: never[]) => Error)[] = [WireError],
): string {
  try {
    return work();
  } catch (error) {
    if (!expected.some((kind) => error instanceof kind)) throw error;
    return outcomeText(`${(error as Error).name}: ${whatIsWrong(error as Error)}`);
  }
}

/** What is wrong, without where and what to do about it. */
function whatIsWrong(error: Error): string {
  if (error instanceof UserError) return error.problems.map(({ what }) => what).join("; ");
  return error instanceof StorageError ? error.problem.what : error.message;
}

/** Whether two lists of bytes are the same. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
