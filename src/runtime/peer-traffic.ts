import { Histogram } from "../lib/histogram.ts";
import type { Heartbeat, HeartbeatResponse, Message } from "../raft/types.ts";

/** A heartbeat whose answer has not come by then is given up, and the next one is timed. */
const ROUND_TRIP_MS_MAX = 5000;

/** Messages by what they are for, since the start of the process. Of a sharded cluster: of all groups. */
export type MessageCounts = {
  /** Votes and pre-votes asked for. */
  votes: number;
  voteReplies: number;
  /** AppendEntries that hold entries. */
  appends: number;
  appendReplies: number;
  /** Heartbeats, and AppendEntries without entries: probes of where the logs agree. */
  heartbeats: number;
  heartbeatReplies: number;
  /** Chunks of InstallSnapshot. */
  snapshots: number;
  snapshotReplies: number;
  /** Orders to begin an election at once: transfers of leadership. */
  transfers: number;
};

/**
 * What has gone to one peer and come from it since this process started: numbers only, for they are
 * counted for every message. Outlives the connections.
 */
export class PeerTraffic {
  readonly sent: MessageCounts = noMessages();
  readonly received: MessageCounts = noMessages();
  /** Bytes of all frames, as the sockets took and gave them. */
  sentBytes = 0;
  receivedBytes = 0;
  /** Messages that were dropped instead of sent: no connection, or a full one. */
  droppedMessages = 0;
  /** From a heartbeat to its answer, in microseconds: what the network and the turns of both nodes take. */
  readonly roundTripUs = new Histogram();
  /** Of `performance.now()`; -1: it was never heard. */
  #heardAt = -1;
  /** The heartbeat that is timed; none while #timedAt is -Infinity. */
  #timedAt = -Infinity;
  #timedGroup = 0;
  #timedTerm = 0;
  #timedSeq = 0;

  /** Milliseconds since anything came from the peer; null: nothing ever has. */
  get lastHeardMs(): number | null {
    return this.#heardAt < 0 ? null : Math.round(performance.now() - this.#heardAt);
  }

  heard(bytes: number): void {
    this.receivedBytes += bytes;
    this.#heardAt = performance.now();
  }

  /** A heartbeat is about to leave. */
  time(group: number, { term, readSeq }: Heartbeat): void {
    const now = performance.now();
    if (now - this.#timedAt < ROUND_TRIP_MS_MAX) return;
    this.#timedAt = now;
    this.#timedGroup = group;
    this.#timedTerm = term;
    this.#timedSeq = readSeq;
  }

  /** An answer to a heartbeat has come. */
  timed(group: number, { term, readSeq }: HeartbeatResponse): void {
    if (group !== this.#timedGroup || term !== this.#timedTerm || readSeq !== this.#timedSeq)
      return;
    if (this.#timedAt === -Infinity) return;
    this.roundTripUs.record((performance.now() - this.#timedAt) * 1000);
    this.#timedAt = -Infinity;
  }
}

/** Counts one message. */
export function countMessage(counts: MessageCounts, message: Message): void {
  switch (message.kind) {
    case "appendEntries":
      if (message.batches.length > 0) counts.appends++;
      else counts.heartbeats++;
      return;
    case "appendResponse":
      counts.appendReplies++;
      return;
    case "heartbeat":
      counts.heartbeats++;
      return;
    case "heartbeatResponse":
      counts.heartbeatReplies++;
      return;
    case "voteRequest":
      counts.votes++;
      return;
    case "voteResponse":
      counts.voteReplies++;
      return;
    case "installSnapshot":
      counts.snapshots++;
      return;
    case "snapshotResponse":
      counts.snapshotReplies++;
      return;
    default:
      counts.transfers++;
  }
}

const noMessages = (): MessageCounts => ({
  votes: 0,
  voteReplies: 0,
  appends: 0,
  appendReplies: 0,
  heartbeats: 0,
  heartbeatReplies: 0,
  snapshots: 0,
  snapshotReplies: 0,
  transfers: 0,
});
