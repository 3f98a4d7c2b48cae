import type { SimAction, SimEvent, SimResult, SimSchedule } from "./api.ts";
import type { PowerCuts } from "./boundary.ts";
import { describeMessage } from "../raft/describe.ts";
import type { Message } from "../raft/types.ts";
import { runSchedule } from "./run.ts";
import { describeAction } from "./story-words.ts";

/** Rows of a story: with its head and foot it stays within 40 lines. */
const ROWS_MAX = 34;

export type LaneState = "up" | "down" | "paused";

/** One thing that happened, on the lane of the node or client that it happened to. */
export type StoryRow = {
  readonly atMs: number;
  readonly kind:
    "message" | "lost" | "fault" | "crash" | "restart" | "leader" | "role" | "client" | "commit";
  /** Position in `lanes`; -1: none, or all. */
  readonly lane: number;
  /** Of a message: whence it came, and when it was sent. Otherwise -1 and atMs. */
  readonly fromLane: number;
  readonly sentMs: number;
  readonly text: string;
  /** Of each lane, once it has happened. */
  readonly states: readonly LaneState[];
};

/** A run as a Lamport diagram: a lane for each node and client, time downwards. */
export type Story = {
  /** `QC: node 3, …`, or that nothing was broken. */
  readonly title: string;
  readonly lanes: readonly string[];
  readonly rows: readonly StoryRow[];
  /** Rows that would have been too many; the least telling ones. */
  readonly leftOut: number;
  readonly result: SimResult;
};

/** Runs the schedule and tells what matters of it. The end is told before the beginning. */
export function storyOf(schedule: SimSchedule, cuts: PowerCuts | null = null): Story {
  const teller = new Teller(
    schedule.nodes + schedule.spares,
    schedule.operations.map(({ client }) => client),
  );
  const result = runSchedule(schedule, (atMs, event) => teller.hear(atMs, event), true, cuts);
  const { violation } = result;
  const title =
    violation === null
      ? "every invariant held"
      : `${violation.invariant}: ${violation.message.split("\n")[0]!}`;
  return { title, lanes: teller.lanes, ...teller.told(), result };
}

type Ranked = { readonly row: StoryRow; readonly sequence: number };

/** Hears what happened, and keeps what is most telling of it. Tells of real runs, too. */
export class Teller {
  readonly lanes: readonly string[];
  readonly #nodes: number;
  readonly #clients: readonly number[];
  /** By rank, 0 the most telling: the last rows of it. */
  readonly #ranks: Ranked[][] = [[], [], [], [], []];
  readonly #sentMs = new Map<number, number>();
  #states: LaneState[];
  #heard = 0;

  /** Nodes 1 … nodes, and those clients. */
  constructor(nodes: number, clients: readonly number[]) {
    this.#nodes = nodes;
    this.#clients = [...new Set(clients)].sort((a, b) => a - b);
    const ids = Array.from({ length: this.#nodes }, (_, i) => `n${i + 1}`);
    this.lanes = [...ids, ...this.#clients.map((client) => `c${client}`)];
    this.#states = this.lanes.map(() => "up");
  }

  told(): Pick<Story, "rows" | "leftOut"> {
    let left = ROWS_MAX;
    const chosen: Ranked[] = [];
    for (const rank of this.#ranks) {
      const taken = left > 0 ? rank.slice(-left) : [];
      chosen.push(...taken);
      left -= taken.length;
    }
    chosen.sort((a, b) => a.sequence - b.sequence);
    return { rows: chosen.map(({ row }) => row), leftOut: this.#heard - chosen.length };
  }

  /** A fault in words of its own; lane -1: of no node. */
  fault(atMs: number, lane: number, text: string): void {
    this.#add(0, atMs, { kind: "fault", lane, text });
  }

  /** What a node is from now on, without a word about it. */
  state(node: number, state: LaneState): void {
    this.#states = this.#states.with(node - 1, state);
  }

  hear(atMs: number, event: SimEvent): void {
    switch (event.kind) {
      case "send":
        this.#sentMs.set(event.id, atMs);
        return;
      case "deliver":
      case "lost":
        return this.#message(atMs, event.id, event.message, event.kind === "lost");
      case "crash":
      case "restart":
        // All nodes start at 0: no news.
        if (atMs > 0) this.#state(atMs, event.kind, event.node);
        return;
      case "pause":
      case "resume":
        this.#states = this.#states.with(event.node - 1, event.kind === "pause" ? "paused" : "up");
        return;
      case "refused": {
        const text = `n${event.node} does not start: ${event.reason.split("\n").at(1) ?? event.reason}`;
        return this.#add(0, atMs, { kind: "fault", lane: event.node - 1, text });
      }
      case "role": {
        const { node, role, term } = event;
        const kind = role === "leader" ? "leader" : "role";
        const text = `n${node} is ${role} of term ${term}`;
        return this.#add(role === "leader" ? 1 : role === "follower" ? 4 : 3, atMs, {
          ...{ kind, lane: node - 1, text },
        });
      }
      case "commit":
        return this.#add(2, atMs, {
          ...{ kind: "commit", lane: event.node - 1 },
          text: `n${event.node} commits ${event.index}`,
        });
      case "action": {
        const lane = (event.nodes[0] ?? 0) - 1;
        this.#replaceState(atMs, event.nodes);
        const text = describeAction(event.action, event.nodes);
        return this.#add(0, atMs, { kind: kindOf(event.action), lane, text });
      }
      case "invoke":
      case "complete": {
        const lane = this.#nodes + this.#clients.indexOf(event.client);
        const text = `c${event.client} ${event.kind === "invoke" ? "asks" : "is told"} ${event.text}`;
        return this.#add(1, atMs, { kind: "client", lane, text });
      }
      default:
        return;
    }
  }

  #state(atMs: number, kind: "crash" | "restart", node: number): void {
    this.#states = this.#states.with(node - 1, kind === "crash" ? "down" : "up");
    const text = kind === "crash" ? `n${node} stops` : `n${node} is back`;
    this.#add(0, atMs, { kind, lane: node - 1, text });
  }

  /** An action says more than that nodes went down or came back by it. */
  #replaceState(atMs: number, nodes: readonly number[]): void {
    const rows = this.#ranks[0]!;
    for (let last = rows.at(-1)?.row; last !== undefined; last = rows.at(-1)?.row) {
      const isOf = (last.kind === "crash" || last.kind === "restart") && last.atMs === atMs;
      if (!isOf || !nodes.includes(last.lane + 1)) return;
      rows.pop();
      this.#heard--;
    }
  }

  #message(atMs: number, id: number, message: Message, isLost: boolean): void {
    this.#add(rankOf(message, isLost), atMs, {
      kind: isLost ? "lost" : "message",
      lane: message.to - 1,
      fromLane: message.from - 1,
      sentMs: this.#sentMs.get(id) ?? atMs,
      text: `${describeMessage(message)}${isLost ? ": lost" : ""}`,
    });
  }

  #add(
    rank: number,
    atMs: number,
    row: Pick<StoryRow, "kind" | "lane" | "text"> & Partial<StoryRow>,
  ): void {
    const rows = this.#ranks[rank]!;
    const whole = { fromLane: -1, sentMs: atMs, atMs, states: this.#states, ...row };
    rows.push({ row: whole, sequence: this.#heard++ });
    // What would not be told anyway is not kept.
    if (rows.length > 20 * ROWS_MAX) rows.splice(0, rows.length - ROWS_MAX);
  }
}

/** 1 … 4: messages that change a log or a leader are told before those that only ask. */
function rankOf(message: Message, isLost: boolean): number {
  switch (message.kind) {
    case "appendEntries":
      return message.batches.length > 0 ? 2 : 4;
    case "voteResponse":
      return message.pre ? 4 : message.granted ? 2 : 3;
    case "voteRequest":
      return message.pre ? 4 : 3;
    case "appendResponse":
      return isLost ? 3 : 2;
    case "installSnapshot":
    case "snapshotResponse":
    case "timeoutNow":
      return 2;
    default:
      return 4;
  }
}

function kindOf(action: SimAction): StoryRow["kind"] {
  if (action.kind !== "fault") return "fault";
  const { kind } = action.fault;
  if (kind === "restart") return "restart";
  return ["crash", "stop", "powerLoss"].includes(kind) ? "crash" : "fault";
}
