/**
 * Every outcome a client can be told. `definite` alone decides what an operation that was sent once
 * counts as: a definite error is `fail` (it did not happen and never will), any other is `info`.
 * Codes are on the wire and are never reused.
 */
export const STATUS = {
  ok: { code: 0, definite: true, about: "it took effect" },
  notFound: { code: 1, definite: true, about: "a read or delete of a key that is absent" },
  versionMismatch: {
    code: 2,
    definite: true,
    about: "the key's version is not the expected one; the reply holds the current version",
  },
  notLeader: { code: 3, definite: true, about: "ask the node in leaderHint (0: unknown)" },
  overloaded: { code: 4, definite: true, about: "a queue is full; retry after a pause" },
  sessionExpired: {
    code: 5,
    definite: true,
    about: "the session is unknown: of an operation sent before, the outcome is lost",
  },
  leadershipLost: {
    code: 6,
    definite: false,
    about: "appended by a leader that was deposed before it knew the outcome",
  },
  invalid: { code: 7, definite: true, about: "the request breaks a limit or does not decode" },
  shuttingDown: { code: 8, definite: true, about: "the node is stopping and took nothing" },
  timeout: { code: 9, definite: false, about: "the client gave up waiting (never on the wire)" },
  wrongShard: {
    code: 10,
    definite: true,
    about: "the group does not serve the key's shard; `version` is the number of its config",
  },
  noGroup: { code: 11, definite: true, about: "the node is no member of the group" },
} as const;

export type StatusName = keyof typeof STATUS;
export type StatusCode = (typeof STATUS)[StatusName]["code"];

const BY_CODE: readonly StatusName[] = (Object.keys(STATUS) as StatusName[]).sort(
  (a, b) => STATUS[a].code - STATUS[b].code,
);

/** The name of a status code, or undefined for a code that no status has. */
export const statusName = (code: number): StatusName | undefined => BY_CODE[code];
export const isDefinite = (code: number): boolean => STATUS[BY_CODE[code]!].definite;
/** Whether a command with this status was applied, and the reply says what it did. */
export const tookEffect = (code: number): boolean =>
  code === STATUS.ok.code || code === STATUS.notFound.code || code === STATUS.versionMismatch.code;
