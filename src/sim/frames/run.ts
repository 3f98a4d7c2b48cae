import { asIndex, asNode, asTerm, GROUP_1 } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { type Raft, RAFT_DEFAULTS } from "../../raft/api.ts";
import { ENTRY_HEADER_BYTES } from "../../raft/batch.ts";
import { createRaft } from "../../raft/raft.ts";
import type { Message } from "../../raft/types.ts";
import { ByteWriter, WireError } from "../../wire/bytes.ts";
import { FrameReader } from "../../wire/frame.ts";
import { writeMessage } from "../../wire/raft-codec.ts";

const LEADER = asNode(1);
const FOLLOWER = asNode(2);

/**
 * A leader with a log of large entries, and a follower that takes none of them: every frame that the
 * one sends must be one that the other takes. Null when it is; otherwise what the follower says.
 */
export function runFrames(seed: number): { invariant: "WIRE"; message: string } | null {
  const random = new Prng(seed);
  const raft = createRaft(
    {
      ...RAFT_DEFAULTS,
      id: LEADER,
      membership: { voters: [LEADER, FOLLOWER], votersOutgoing: [], learners: [] },
      restored: null,
      random: random.fork("raft"),
    },
    0,
  );
  raft.step({ kind: "deadline" }, raft.deadline());
  try {
    settle(raft);
    const now = raft.deadline();
    const entryBytes = random.pick([1_000, 100_000, 1_000_000, 8_000_000]);
    const bytes = new Uint8Array(ENTRY_HEADER_BYTES + entryBytes);
    new DataView(bytes.buffer).setUint32(0, entryBytes, true);
    const proposals = Math.min(2_000, Math.ceil(random.between(1, 48_000_000) / entryBytes));
    for (let tag = 1; tag <= proposals; tag++) {
      raft.step({ kind: "propose", tag, count: 1, bytes }, now);
      if (random.chance(0.5)) settle(raft);
    }
    raft.step({ kind: "peerUnreachable", peer: FOLLOWER }, now);
    settle(raft);
    return null;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { invariant: "WIRE", message: error.message };
  }
}

/** Does what the core asks for; the follower grants votes, and takes the no-op. */
function settle(raft: Raft): void {
  const now = raft.deadline();
  for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
    if (ready.writeSeq > 0) raft.step({ kind: "persisted", writeSeq: ready.writeSeq }, now);
    for (const message of [...ready.messages, ...ready.messagesAfterPersist]) {
      deliver(message);
      const reply = answerTo(message);
      if (reply !== null) raft.step({ kind: "message", message: reply }, now);
    }
  }
}

/** All that follows the no-op stays unacknowledged, so that the leader's windows fill. */
function answerTo(m: Message): Message | null {
  const reply = { from: FOLLOWER, to: LEADER, term: m.term };
  if (m.kind === "voteRequest") {
    return { ...reply, kind: "voteResponse", pre: m.pre, granted: true };
  }
  if (m.kind !== "appendEntries" || m.prevIndex > 0) return null;
  const hint = { hintIndex: asIndex(0), hintTerm: asTerm(0) };
  return { ...reply, ...hint, kind: "appendResponse", index: asIndex(1), rejected: false };
}

/** As over a socket: the frame's length is checked before anything else. */
function deliver(message: Message): void {
  const writer = new ByteWriter();
  writeMessage(writer, message, GROUP_1);
  new FrameReader().push(writer.written(), () => {});
}
