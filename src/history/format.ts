/**
 * The history file: what one recorder saw, in the order in which it saw it. Little-endian.
 *
 *   header    u32 magic "ORDH" · u32 version · f64 startUs
 *
 * then records, each `u8 kind · u8 code · u8 fields · u8 0` and
 *
 *   kind          code     fixed part                                     optional, by bits of `fields`
 *   1 key         0        u32 bytes · UTF-8 text                         –
 *   2 value       0        u32 bytes · UTF-8 text                         –
 *   3 clock       0        f64 atUs                                       –
 *   4 invoke      op       i32 deltaUs · u32 process · u32 key            1: f64 value · 2: f64 expected
 *   5 complete    outcome  i32 deltaUs · u32 process                      1: f64 value · 4: f64 version · 8: f64 index
 *
 * Key i is the i-th key record. A value is a number ≥ 0, which names itself (`v<number>`), or
 * −2 − i for the i-th value record. `deltaUs` counts from the record before that told a time (at
 * first: startUs). An event's rank, which alone orders events, is its place among the events.
 *
 * 52 bytes for a get or put with its reply: a recorder at 100,000 operations a second shares the
 * disk with the servers it measures.
 */
export const HISTORY_MAGIC = 0x4844_524f;
export const HISTORY_VERSION = 1;
export const HISTORY_HEADER_BYTES = 16;

export const KIND_KEY = 1;
export const KIND_VALUE = 2;
export const KIND_CLOCK = 3;
export const KIND_INVOKE = 4;
export const KIND_COMPLETE = 5;

export const FIELD_VALUE = 1;
export const FIELD_EXPECTED = 2;
export const FIELD_VERSION = 4;
export const FIELD_INDEX = 8;

export const NAME_BYTES = 8;
export const CLOCK_BYTES = 12;
export const INVOKE_BYTES = 16;
export const COMPLETE_BYTES = 12;
/** The longest event: complete with all its fields. */
export const EVENT_BYTES_MAX = COMPLETE_BYTES + 24;

/** No value: a get's invocation, a put's reply, a key that is absent. */
export const NO_VALUE = -1;
/** The handle of the i-th value record. */
export const textHandle = (i: number): number => -2 - i;

/** Processes are numbered below this: a reader keeps one word for each. */
export const PROCESS_MAX = 1 << 24;
