import { filesMax, FILES_RESERVED } from "../open-files.ts";

/** What clients may cost a node. docs/operations.md, "Limits", states them. */
export type ClientLimits = {
  /** Open at once; one more is closed as it comes. */
  readonly connectionsMax: number;
  /** Replies that a client has not read; beyond it the connection is closed. */
  readonly pendingBytesMax: number;
  /** What has begun, a frame, a line or a command, and is not whole by then ends its connection. */
  readonly unfinishedMs: number;
  /** A quiet connection is asked by then whether its other side is still there (TCP keepalive). */
  readonly keepAliveMs: number;
};

const CONNECTIONS_MAX = 16_384;

/** `given` for tests. The files that the process may open limit its connections too. */
export const clientLimits = (given: Partial<ClientLimits> = {}): ClientLimits => ({
  connectionsMax: Math.max(16, Math.min(CONNECTIONS_MAX, filesMax() - FILES_RESERVED)),
  pendingBytesMax: 32 << 20,
  unfinishedMs: 30_000,
  keepAliveMs: 60_000,
  ...given,
});
