/**
 * The outcomes that a state machine can give, by their code on the wire. The registry of all codes is
 * wire/errors.ts, one layer up; its test holds the two together.
 */
export const OK = 0;
export const NOT_FOUND = 1;
export const VERSION_MISMATCH = 2;
export const SESSION_EXPIRED = 5;
export const INVALID = 7;
export const WRONG_SHARD = 10;
