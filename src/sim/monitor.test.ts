import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import type { RaftStatus } from "../raft/api.ts";
import { type EntryBatch, ENTRY_COMMAND, type Message } from "../raft/types.ts";
import type { Invariant } from "./api.ts";
import { hashBytes } from "./hash-bytes.ts";
import { Monitor } from "./monitor.ts";
import { InvariantError } from "./violation.ts";

const VOTERS = [1, 2, 3].map(asNode);
/** What the monitor is told of the command "a". */
const A = hashBytes(new TextEncoder().encode("a"), 0, 1);
const membership = { voters: VOTERS, votersOutgoing: [], learners: [] };

function entry(index: number, term: number, text: string): EntryBatch {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + payload.length);
  bytes[0] = payload.length;
  bytes.set(payload, 4);
  return { firstIndex: asIndex(index), term: asTerm(term), kind: ENTRY_COMMAND, count: 1, bytes };
}

/** A monitor of three nodes, and short words for what they do. */
class Scene {
  readonly monitor = new Monitor([1, 2, 3]);
  #writeSeq = 0;

  /** Hands out a write, which stays under way. */
  write(id: number, term: number, votedFor: number, ...batches: EntryBatch[]): this {
    const hardState = { term: asTerm(term), votedFor: asNode(votedFor) };
    this.monitor.onWrite(id, { writeSeq: ++this.#writeSeq, hardState, snapshot: null, batches });
    return this;
  }

  /** A write that is durable at once. */
  save(id: number, term: number, votedFor: number, ...batches: EntryBatch[]): this {
    this.write(id, term, votedFor, ...batches).monitor.onDurable(id);
    return this;
  }

  /** The node starts on this. */
  found(id: number, term: number, votedFor: number, ...batches: EntryBatch[]): this {
    const hardState = { term: asTerm(term), votedFor: asNode(votedFor) };
    this.monitor.onStart(id, { hardState, snapshot: null, batches });
    return this;
  }

  turn(id: number, role: RaftStatus["role"], term: number, part: Partial<RaftStatus> = {}): this {
    const indexes = { commitIndex: 0, appliedIndex: 0, durableIndex: 0, snapshotIndex: 0 };
    const last = { ...indexes, lastIndex: 100 } as unknown as RaftStatus;
    const status = { ...last, id: asNode(id), role, term: asTerm(term), membership, ...part };
    this.monitor.onTurn(id, status);
    return this;
  }

  commit(id: number, role: RaftStatus["role"], term: number, index: number): this {
    return this.turn(id, role, term, { commitIndex: asIndex(index) });
  }

  /** Node 1 leads term 1 and commits "a" at index 1, which nodes 1 and 2 hold. */
  committed(): this {
    return this.save(1, 1, 1, entry(1, 1, "a"))
      .save(2, 1, 1, entry(1, 1, "a"))
      .turn(1, "leader", 1)
      .commit(1, "leader", 1, 1);
  }

  vote(from: number, to: number, term: number): this {
    const message: Message = {
      kind: "voteResponse",
      from: asNode(from),
      to: asNode(to),
      term: asTerm(term),
      pre: false,
      granted: true,
    };
    this.monitor.onSend(message);
    return this;
  }

  ack(from: number, term: number, index: number): this {
    this.monitor.onSend({
      kind: "appendResponse",
      from: asNode(from),
      to: asNode(1),
      term: asTerm(term),
      index: asIndex(index),
      rejected: false,
      hintIndex: asIndex(0),
      hintTerm: asTerm(0),
    });
    return this;
  }

  heartbeat(from: number, to: number, term: number, index: number): this {
    const ends = { from: asNode(from), to: asNode(to), term: asTerm(term) };
    const commitIndex = asIndex(index);
    this.monitor.onSend({
      kind: "heartbeat",
      ...ends,
      commitIndex,
      readSeq: 0,
      quiesce: false,
      lease: false,
    });
    return this;
  }
}

/** The invariant that `act` breaks; null for none. */
function broken(act: (scene: Scene) => void): Invariant | null {
  try {
    act(new Scene());
    return null;
  } catch (error) {
    if (error instanceof InvariantError) return error.invariant;
    throw error;
  }
}

test("monitor: what Raft does breaks nothing", () => {
  expect(
    broken((s) => {
      s.committed().ack(2, 1, 1).commit(2, "follower", 1, 1);
      s.monitor.onApply(1, 1, A, 0, 1);
      s.monitor.onApply(2, 1, A, 0, 1);
      s.save(3, 2, 2)
        .vote(3, 2, 2)
        .save(2, 2, 2, entry(2, 2, "b"))
        .commit(2, "leader", 2, 1);
      s.heartbeat(2, 1, 2, 0).heartbeat(2, 1, 2, 1).heartbeat(2, 1, 2, 1);
    }),
  ).toBeNull();
});

test("monitor: ES, two leaders of a term", () => {
  expect(broken((s) => s.turn(1, "leader", 1).turn(2, "leader", 1))).toBe("ES");
});

test("monitor: VU, two votes in a term, with a crash between them", () => {
  const act = (s: Scene): void => {
    s.save(3, 4, 1).vote(3, 1, 4);
    s.monitor.onCrash(3);
    s.found(3, 4, 1).save(3, 4, 2).vote(3, 2, 4);
  };
  expect(broken(act)).toBe("VU");
});

test("monitor: DUR, a vote or an ack before it is durable", () => {
  expect(broken((s) => s.write(3, 4, 1).vote(3, 1, 4))).toBe("DUR");
  expect(
    broken((s) =>
      s
        .save(2, 1, 0)
        .write(2, 1, 0, entry(1, 1, "a"))
        .ack(2, 1, 1),
    ),
  ).toBe("DUR");
  const lost = (s: Scene): void => {
    s.save(2, 1, 0).write(2, 1, 0, entry(1, 1, "a"));
    s.monitor.onCrash(2);
    s.found(2, 1, 0).ack(2, 1, 1);
  };
  expect(broken(lost)).toBe("DUR");
  const kept = (s: Scene): void => {
    s.save(2, 1, 0).write(2, 1, 0, entry(1, 1, "a"));
    s.monitor.onCrash(2);
    s.found(2, 1, 0, entry(1, 1, "a")).ack(2, 1, 1);
  };
  expect(broken(kept)).toBeNull();
});

test("monitor: DUR, a node that finds less or something else than was durable", () => {
  const saved = (s: Scene): Scene => {
    s.save(2, 1, 0, entry(1, 1, "a"))
      .write(2, 1, 0, entry(2, 1, "b"))
      .write(2, 2, 3);
    s.monitor.onCrash(2);
    return s;
  };
  const a = entry(1, 1, "a");
  expect(broken((s) => saved(s).found(2, 1, 0, a))).toBeNull();
  expect(broken((s) => saved(s).found(2, 1, 0, a, entry(2, 1, "b")))).toBeNull();
  expect(broken((s) => saved(s).found(2, 2, 3, a, entry(2, 1, "b")))).toBeNull();
  expect(broken((s) => saved(s).found(2, 1, 0))).toBe("DUR");
  expect(broken((s) => saved(s).found(2, 0, 0, a))).toBe("DUR");
  expect(broken((s) => saved(s).found(2, 1, 0, entry(1, 1, "x")))).toBe("DUR");
  // The second of two writes without the first.
  expect(broken((s) => saved(s).found(2, 2, 3, a))).toBe("DUR");
});

test("monitor: LAO, a leader that replaces its own entry", () => {
  const act = (s: Scene): void => {
    s.save(1, 1, 1, entry(1, 1, "a"))
      .turn(1, "leader", 1)
      .save(1, 1, 1, entry(1, 1, "b"));
  };
  expect(broken(act)).toBe("LAO");
});

test("monitor: LM, one term and index, two contents", () => {
  expect(broken((s) => s.save(1, 1, 1, entry(1, 1, "a")).save(2, 1, 1, entry(1, 1, "b")))).toBe(
    "LM",
  );
});

test("monitor: LC, a leader without what was committed, unless it was elected before", () => {
  expect(broken((s) => s.committed().save(3, 2, 3).turn(3, "leader", 2))).toBe("LC");
  const late = (s: Scene): void => {
    s.save(2, 5, 2, entry(1, 5, "a")).save(1, 5, 2, entry(1, 5, "a"));
    s.turn(2, "leader", 5).commit(2, "leader", 5, 1);
    s.save(3, 4, 3).turn(3, "leader", 4);
  };
  expect(broken(late)).toBeNull();
});

test("monitor: SMS, another log or another state", () => {
  const log = (s: Scene): void => {
    s.committed()
      .save(3, 2, 3, entry(1, 2, "z"))
      .commit(3, "follower", 2, 1);
  };
  expect(broken(log)).toBe("SMS");
  const state = (s: Scene): void => {
    s.committed();
    s.monitor.onApply(1, 1, A, 0, 1);
    s.monitor.onApply(2, 1, A, 0, 2);
  };
  expect(broken(state)).toBe("SMS");
});

test("monitor: QC, without a durable quorum, of an old term, or by no leader", () => {
  const minority = (s: Scene): void => {
    s.save(1, 1, 1, entry(1, 1, "a")).write(2, 1, 1, entry(1, 1, "a"));
    s.turn(1, "leader", 1).commit(1, "leader", 1, 1);
  };
  expect(broken(minority)).toBe("QC");
  const old = (s: Scene): void => {
    s.save(1, 1, 1, entry(1, 1, "a"))
      .save(2, 1, 1, entry(1, 1, "a"))
      .save(1, 2, 1);
    s.turn(1, "leader", 2).commit(1, "leader", 2, 1);
  };
  expect(broken(old)).toBe("QC");
  const follower = (s: Scene): void => {
    s.save(1, 1, 1, entry(1, 1, "a"))
      .save(2, 1, 1, entry(1, 1, "a"))
      .commit(2, "follower", 1, 1);
  };
  expect(broken(follower)).toBe("QC");
});

test("monitor: QC, half of a joint membership is no quorum", () => {
  const joint = {
    voters: [asNode(3)],
    votersOutgoing: [asNode(1), asNode(2)],
    learners: [],
  };
  const act = (s: Scene): void => {
    s.save(1, 1, 1, entry(1, 1, "a")).save(2, 1, 1, entry(1, 1, "a"));
    const part = { membership: joint };
    s.turn(1, "leader", 1, part).turn(1, "leader", 1, { ...part, commitIndex: asIndex(1) });
  };
  expect(broken(act)).toBe("QC");
});

test("monitor: CFG, voters that change without a joint membership", () => {
  const act = (s: Scene): void => {
    const after = { voters: [asNode(3)], votersOutgoing: [], learners: [] };
    s.turn(1, "leader", 1).turn(1, "leader", 1).turn(1, "leader", 1, { membership: after });
  };
  expect(broken(act)).toBe("CFG");
});

test("monitor: MON, what never falls", () => {
  expect(broken((s) => s.turn(1, "follower", 3).turn(1, "follower", 2))).toBe("MON");
  expect(broken((s) => s.committed().commit(1, "leader", 1, 0))).toBe("MON");
  expect(broken((s) => s.turn(1, "leader", 1).heartbeat(1, 2, 1, 5).heartbeat(1, 2, 1, 4))).toBe(
    "MON",
  );
});

test("monitor: SMS, applied what the log does not hold", () => {
  expect(broken((s) => s.committed().monitor.onApply(1, 1, A + 1, 0, 1))).toBe("SMS");
});

test("monitor: ORD, applied twice, or beyond what is committed", () => {
  const twice = (s: Scene): void => {
    s.monitor.onApply(1, 1, A, 0, 1);
    s.monitor.onApply(1, 1, A, 0, 1);
  };
  expect(broken(twice)).toBe("ORD");
  expect(broken((s) => s.turn(1, "follower", 1, { appliedIndex: asIndex(1) }))).toBe("ORD");
});
