import * as v from "valibot";
import { UserError } from "../../lib/user-error.ts";
import { type LiveFault, LiveFaults, type LiveState } from "../../target/live-faults.ts";
import {
  changeMembers,
  type MemberChange,
  takeSnapshots,
  transferLeadership,
} from "../../target/local-members.ts";
import { restartRolling } from "../../target/local-rolling.ts";
import type { LocalSupervisor } from "../../target/local-supervisor.ts";

/** What a running cluster can be asked to do: one JSON document to its supervisor's port. */
export type ControlRequest =
  | ({ readonly kind: "change" } & MemberChange)
  | { readonly kind: "transfer"; readonly to: number }
  /** Of these nodes; empty: of all. */
  | { readonly kind: "snapshot"; readonly nodes: readonly number[] }
  /** One after the other; empty: all. */
  | { readonly kind: "restart"; readonly nodes: readonly number[] }
  | { readonly kind: "fault"; readonly fault: LiveFault };

/** One thing that was asked of the cluster, for the event log of whoever watches. */
export type AskedEvent = {
  /** Ascending from 1. */
  readonly seq: number;
  /** Microseconds since the Unix epoch. */
  readonly atUs: number;
  /** `page 2`, `command line`. */
  readonly by: string;
  readonly asked: ControlRequest;
  /** Null: done; else why not. */
  readonly error: string | null;
};

export type ControlState = LiveState & {
  /** The last ones, oldest first. */
  readonly asked: readonly AskedEvent[];
};

const ASKED_MAX = 100;

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const ids = v.pipe(v.array(id), v.maxLength(64));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const Fault = v.variant("kind", [
  v.strictObject({
    kind: v.picklist(["crash", "restart", "pause", "resume", "partition", "isolate"]),
    nodes: ids,
  }),
  v.strictObject({
    kind: v.literal("links"),
    links: v.pipe(v.array(v.strictObject({ from: id, to: id })), v.maxLength(4096)),
    cut: v.optional(v.boolean()),
    loss: v.optional(share),
    delayMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60_000))),
  }),
  v.strictObject({ kind: v.picklist(["heal", "recover"]) }),
]);
const Request = v.variant("kind", [
  v.strictObject({
    kind: v.literal("change"),
    add: v.pipe(v.number(), v.integer(), v.minValue(0)),
    asLearners: v.boolean(),
    remove: ids,
    promote: ids,
  }),
  v.strictObject({ kind: v.literal("transfer"), to: id }),
  v.strictObject({ kind: v.picklist(["snapshot", "restart"]), nodes: ids }),
  v.strictObject({ kind: v.literal("fault"), fault: Fault }),
]);

/** Throws UserError that lists what is wrong with it. */
export function parseRequest(document: unknown): ControlRequest {
  const parsed = v.safeParse(Request, document);
  if (parsed.success) return parsed.output;
  throw new UserError(
    "bad request",
    parsed.issues.map((issue) => ({
      where: v.getDotPath(issue) ?? "the request",
      what: issue.message,
      fix: "correct the value",
    })),
  );
}

/** Does what a cluster is asked for, one thing after the other, and remembers the last ones. */
export class Obeyed {
  readonly #supervisor: LocalSupervisor;
  readonly #faults: LiveFaults;
  #asked: AskedEvent[] = [];
  #seq = 0;
  /** Changes of members take long, and must not hold up a fault: the faults are what they are tested by. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #lastFault: Promise<unknown> = Promise.resolve();

  constructor(supervisor: LocalSupervisor) {
    this.#supervisor = supervisor;
    this.#faults = new LiveFaults(supervisor);
  }

  get state(): ControlState {
    return { ...this.#faults.state, asked: this.#asked };
  }

  /** Resolves to the ids of new nodes. Rejects with UserError when it cannot be, Error when it did not get there. */
  async obey(asked: ControlRequest, by: string): Promise<readonly number[]> {
    let error: string | null = null;
    try {
      return await this.#inTurn(asked);
    } catch (failure) {
      error = (failure as Error).message;
      throw failure;
    } finally {
      const atUs = (performance.timeOrigin + performance.now()) * 1000;
      this.#asked = [...this.#asked, { seq: ++this.#seq, atUs, by, asked, error }].slice(
        -ASKED_MAX,
      );
    }
  }

  #inTurn(asked: ControlRequest): Promise<readonly number[]> {
    if (asked.kind === "fault") {
      const done = this.#lastFault.then(() => this.#faults.act(asked.fault));
      this.#lastFault = done.catch(() => {});
      return done.then(() => []);
    }
    const done = this.#lastChange.then(() => this.#change(asked));
    this.#lastChange = done.catch(() => {});
    return done;
  }

  async #change(asked: Exclude<ControlRequest, { kind: "fault" }>): Promise<readonly number[]> {
    switch (asked.kind) {
      case "change":
        return changeMembers(this.#supervisor, asked);
      case "transfer":
        await transferLeadership(this.#supervisor, asked.to);
        return [];
      default: {
        const nodes = asked.nodes.length > 0 ? asked.nodes : this.#supervisor.nodeIds;
        const act = asked.kind === "snapshot" ? takeSnapshots : restartRolling;
        await act(this.#supervisor, nodes);
        return [];
      }
    }
  }
}
