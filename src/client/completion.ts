import type { Response } from "../wire/client.ts";
import { STATUS } from "../wire/errors.ts";
import { type Completion, DONE_MISMATCH, DONE_OK } from "./ports.ts";

const NO_BYTES = new Uint8Array(0);

/** Of an operation that took effect; `body` is what `response.valueAt` counts in. */
export function setResult(done: Completion, response: Response, body: Uint8Array): void {
  done.outcome = response.status === STATUS.versionMismatch.code ? DONE_MISMATCH : DONE_OK;
  done.status = response.status;
  done.version = response.version;
  done.index = response.index;
  done.valueIn = body;
  done.valueAt = response.valueAt;
  done.valueBytes = response.valueBytes;
}

/** Of one that has no result: DONE_FAIL or DONE_INFO. */
export function setFailure(done: Completion, outcome: number, status: number): void {
  done.outcome = outcome;
  done.status = status;
  done.version = -1;
  done.index = 0;
  done.valueIn = NO_BYTES;
  done.valueAt = 0;
  done.valueBytes = 0;
}
