import { Histogram } from "../../lib/histogram.ts";
import { noRefusals } from "../../replica/admission.ts";

/** Codes of wire/errors.ts are below it. */
const STATUS_CODES = 32;

/** Bytes written to files of one purpose, and how long it took to make them durable. */
export class DiskCounters {
  readonly syncUs = new Histogram();
  writtenBytes = 0;
  /** Writes and syncs that failed. */
  failures = 0;
}

/**
 * What a node counts of itself from its start on, beyond what its parts know anyway. Plain numbers, so
 * that they cost nothing that can be measured; `/metrics` reads them when it is asked.
 */
export class NodeCounters {
  readonly wal = new DiskCounters();
  readonly snapshotFiles = new DiskCounters();
  /** Of group 1: how often another node, or this one, was found to lead. */
  leaderChanges = 0;
  /** Of all groups. */
  snapshotsTaken = 0;
  snapshotsInstalled = 0;
  snapshotsFailed = 0;
  /** From the beginning of a snapshot of this node's own state until it is durable. */
  readonly snapshotUs = new Histogram();
  /** Answers to requests of clients, by status code. */
  readonly repliesByStatus = new Float64Array(STATUS_CODES);
  /** Requests refused as overloaded, of all groups. */
  readonly refusals = noRefusals();
  /** Answers of /healthz. */
  healthy = 0;
  unhealthy = 0;
}
