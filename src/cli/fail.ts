import { EXIT_USAGE, UserError } from "../lib/user-error.ts";
import { StorageError } from "../storage/storage-error.ts";

/** Exit code for a bug or a failed machine, as against bad input (sysexits' EX_SOFTWARE). */
const EXIT_SOFTWARE = 70;

/** A person's mistake and damaged data are told without a stack; anything else is a bug, or a machine that failed. */
export function fail(error: unknown): never {
  if (error instanceof UserError) {
    console.error(error.message);
    process.exit(EXIT_USAGE);
  }
  if (error instanceof StorageError) console.error(error.message);
  else console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(EXIT_SOFTWARE);
}
