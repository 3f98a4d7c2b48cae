import type { Fault, FaultKind } from "../fault/vocabulary.ts";
import type { FaultBand } from "../report/schema.ts";
import { describeFault } from "./describe.ts";
import { isLinkFault } from "./scenario.ts";

/** A fault in force: a band without an end. Times are microseconds since the Unix epoch. */
export type OpenBand = Omit<FaultBand, "kind" | "toUs"> & {
  readonly kind: FaultKind;
  /** When it ends by itself, if nothing ends it before. */
  readonly untilUs?: number;
};

const DOWN: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...(["crash", "stop", "powerLoss", "bitFlip", "wipe"] as const),
]);
const HEALED: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...(["diskStall", "diskError", "diskFull"] as const),
  ...(["clockRate", "clockStrobe"] as const),
]);

/**
 * Which faults were in force when, and on whom. Told of each fault once it is done, with the time at
 * which it began to act and the time at which it was done (a lift has then certainly worked).
 */
export class FaultLog {
  #open: OpenBand[] = [];
  readonly #closed: FaultBand[] = [];

  record(fault: Fault, nodes: readonly number[], atUs: number, doneUs: number): void {
    switch (fault.kind) {
      case "heal":
        this.#close(({ kind }) => isLinkFault(kind) || HEALED.has(kind), null, doneUs);
        break;
      case "restart":
        this.#close(({ kind }) => DOWN.has(kind), nodes, doneUs);
        break;
      case "resume":
        this.#close(({ kind }) => kind === "pause", nodes, doneUs);
        break;
      case "crash":
      case "stop":
      case "powerLoss":
        // SIGKILL ends a stopped process too: it is down now, no longer paused, and waits for no disk.
        this.#close(({ kind }) => kind === "pause" || kind === "diskStall", nodes, doneUs);
        this.#begin(fault, nodes, atUs);
        break;
      case "membership":
        // A later change takes the place of the one before.
        this.#close(({ kind }) => kind === "membership", null, atUs);
        this.#begin(fault, nodes, atUs);
        break;
      case "unclog":
        this.#close(({ kind }) => kind === "clog", nodes, doneUs);
        break;
      case "reset":
      case "clockJump":
      case "transfer":
      case "snapshot":
      case "reshard":
        // Over at once, whatever comes of them.
        this.#begin(fault, nodes, atUs, doneUs);
        break;
      case "diskStall":
        this.#begin(fault, nodes, atUs, atUs + fault.ms * 1000);
        break;
      default:
        this.#begin(fault, nodes, atUs);
    }
  }

  /** Everything was lifted. */
  recovered(atUs: number): void {
    this.#close(() => true, null, atUs);
  }

  /** What is in force at that time. */
  current(nowUs: number): readonly OpenBand[] {
    this.#close((band) => (band.untilUs ?? nowUs) < nowUs, null, nowUs);
    return this.#open;
  }

  /** All that ended, by their beginning. */
  bands(): readonly FaultBand[] {
    return this.#closed.toSorted((a, b) => a.fromUs - b.fromUs);
  }

  #begin(fault: Fault, nodes: readonly number[], fromUs: number, untilUs?: number): void {
    if (nodes.length === 0) return; // Nobody was hit: there was no leader, say.
    const end = untilUs === undefined ? {} : { untilUs };
    this.#open.push({ label: describeFault(fault), kind: fault.kind, nodes, fromUs, ...end });
  }

  /** Ends the bands that `which` picks, on `nodes` alone unless null; the rest of a band goes on. */
  #close(which: (band: OpenBand) => boolean, nodes: readonly number[] | null, toUs: number): void {
    const rest: OpenBand[] = [];
    for (const band of this.#open) {
      const ended = which(band) ? band.nodes.filter((id) => nodes?.includes(id) ?? true) : [];
      const going = band.nodes.filter((id) => !ended.includes(id));
      const { untilUs = toUs, ...begun } = band;
      const ends = { nodes: ended, toUs: Math.min(toUs, untilUs) };
      if (ended.length > 0) this.#closed.push({ ...begun, ...ends });
      if (going.length > 0) rest.push({ ...band, nodes: going });
    }
    this.#open = rest;
  }
}
