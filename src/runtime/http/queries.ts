import * as v from "valibot";
import { KEY_BYTES_MAX, SCAN_BOUND_BYTES_MAX, SCAN_KEYS_MAX } from "../../kv/command.ts";
import { flag, whole } from "./validate.ts";

export const LOG_ENTRIES_MAX = 1000;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export const GetQuery = v.object({ local: v.optional(flag) });

export const PageQuery = v.strictObject({
  prefix: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => bytesOf(text) <= KEY_BYTES_MAX, `must have at most ${KEY_BYTES_MAX} bytes`),
    ),
  ),
  limit: v.optional(whole(1, SCAN_KEYS_MAX)),
  local: v.optional(flag),
  cursor: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[\w-]*$/, 'must be "next" of the page before'),
      v.maxLength(Math.ceil((SCAN_BOUND_BYTES_MAX * 4) / 3), 'must be "next" of the page before'),
    ),
  ),
});

export const LogQuery = v.strictObject({
  from: v.optional(whole(1, Number.MAX_SAFE_INTEGER)),
  limit: v.optional(whole(1, LOG_ENTRIES_MAX)),
  group: v.optional(whole(1, 0xffff_ffff)),
});

export const BackupQuery = v.strictObject({
  group: v.optional(whole(1, 0xffff_ffff)),
  config: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
});
