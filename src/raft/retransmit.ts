import type { LogIndex } from "../lib/ids.ts";
import type { Millis } from "./api.ts";

/** Not sooner than this, however quick the link: a disk behind it hesitates for as long now and then. */
const AFTER_MS_MIN = 5;
/** As in TCP (RFC 6298): how much of a sample goes into the average, and into the deviation. */
const GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
const DEVIATIONS = 4;

const NEVER = Infinity;

/**
 * When a leader stops waiting for a follower's ack of what it sent, and sends again: after the round
 * trip that is usual (network and the follower's disk), four deviations, and twice as long after
 * each attempt. Without it a lost append, or its lost ack, would be missed at the second heartbeat
 * at the earliest: 100 ms, against a round trip of 1. RFC 6298, with Karn's rule: of what was sent
 * twice nobody knows which one the ack is for, so that it is not a sample.
 *
 * From `limitMs`, a heartbeat interval, on it does nothing: heartbeats find what is stuck then
 * (onHeartbeatResponse), and only with followers that answer.
 */
export class Retransmit {
  readonly #limitMs: Millis;
  /** When to send again; Infinity: nothing is waited for. */
  at: Millis = NEVER;
  /** The usual round trip and its deviation; below 0: there was no sample yet. */
  #rttMs = -1;
  #deviationMs = 0;
  #attempts = 0;
  /** What is being timed: the entry whose ack ends it; 0: nothing. */
  #timedIndex: LogIndex | 0 = 0;
  #timedAt: Millis = 0;

  constructor(limitMs: Millis) {
    this.#limitMs = limitMs;
  }

  /** Entries up to `last` left. */
  sent(last: LogIndex, now: Millis): void {
    if (this.#timedIndex === 0 && this.#attempts === 0) {
      this.#timedIndex = last;
      this.#timedAt = now;
    }
    if (this.at === NEVER) this.#arm(now);
  }

  /** The follower has told of new entries, up to `index`; `isWaiting`: more are under way. */
  acked(index: LogIndex, isWaiting: boolean, now: Millis): void {
    if (this.#timedIndex !== 0 && index >= this.#timedIndex) {
      this.#sample(now - this.#timedAt);
      this.#timedIndex = 0;
    }
    this.#attempts = 0;
    this.at = NEVER;
    if (isWaiting) this.#arm(now);
  }

  /** Time is up: it is sent again now. */
  again(now: Millis): void {
    this.#timedIndex = 0;
    this.#attempts++;
    this.#arm(now);
  }

  /** It said that what was under way is of no use, or cannot be reached: what is sent next is new. */
  forget(): void {
    this.#attempts = 0;
    this.#timedIndex = 0;
    this.at = NEVER;
  }

  #arm(now: Millis): void {
    const usual = Math.max(AFTER_MS_MIN, this.#rttMs + DEVIATIONS * this.#deviationMs);
    const afterMs = (this.#rttMs < 0 ? this.#limitMs / 2 : usual) * 2 ** this.#attempts;
    this.at = afterMs < this.#limitMs ? now + afterMs : NEVER;
  }

  #sample(ms: Millis): void {
    if (this.#rttMs < 0) {
      this.#rttMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(ms - this.#rttMs) - this.#deviationMs);
    this.#rttMs += GAIN * (ms - this.#rttMs);
  }
}
