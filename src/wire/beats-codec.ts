import { asIndex, asTerm, type NodeId } from "../lib/ids.ts";
import type { Heartbeat, HeartbeatResponse } from "../raft/types.ts";
import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame, type Frame } from "./frame.ts";
import { KIND } from "./kinds.ts";

/**
 * What idle nodes exchange, version 1; the group of the frame is 0. The heartbeats of all groups that leave in
 * one turn are one frame a peer, and so are the answers:
 *
 *   heartbeats          u32 count, each: u32 group · u53 term · u53 commitIndex · u53 readSeq · u8 flags (bit 0: quiesce, bit 1: lease)
 *   heartbeatResponses  u32 count, each: u32 group · u53 term · u53 readSeq
 *   alive               u53 boot: changes whenever the process of the node starts
 */
const QUIESCE = 1;
const LEASE = 2;

export type Beat = { readonly group: number; readonly message: Heartbeat | HeartbeatResponse };

/** Appends one frame of messages of one kind, to one node. */
export function writeBeats(w: ByteWriter, beats: readonly Beat[]): void {
  const isResponse = beats[0]?.message.kind === "heartbeatResponse";
  const start = beginFrame(w, isResponse ? KIND.heartbeatResponses : KIND.heartbeats, 0);
  w.u32(beats.length);
  for (const { group, message } of beats) {
    w.u32(group);
    w.u53(message.term);
    if (message.kind === "heartbeat") w.u53(message.commitIndex);
    w.u53(message.readSeq);
    if (message.kind === "heartbeat") w.u8(flagsOf(message));
  }
  endFrame(w, start);
}

/** Whether a frame is of the kinds that `readBeats` decodes. */
export const isBeats = ({ kind }: Pick<Frame, "kind">): boolean =>
  kind === KIND.heartbeats || kind === KIND.heartbeatResponses;

/** Decodes a frame that `from` sent to `to`; nothing is handed out of one with bad bytes: WireError. */
export function readBeats(frame: Pick<Frame, "kind" | "body">, to: NodeId, from: NodeId): Beat[] {
  const r = new ByteReader(frame.body);
  const beats: Beat[] = [];
  for (let left = r.u32("count"); left > 0; left--) {
    const group = r.u32("group");
    beats.push({ group, message: readBeat(r, frame.kind, to, from) });
  }
  r.end();
  return beats;
}

function readBeat(r: ByteReader, kind: number, to: NodeId, from: NodeId): Beat["message"] {
  const term = asTerm(r.u53("term"));
  if (term === 0) throw new WireError("term: is 0");
  if (kind === KIND.heartbeatResponses) {
    return { kind: "heartbeatResponse", from, to, term, readSeq: r.u53("readSeq") };
  }
  const commitIndex = asIndex(r.u53("commitIndex"));
  const readSeq = r.u53("readSeq");
  const flags = r.u8("flags");
  if (flags > (QUIESCE | LEASE)) throw new WireError(`flags: unknown bits 0b${flags.toString(2)}`);
  const quiesce = (flags & QUIESCE) !== 0;
  const lease = (flags & LEASE) !== 0;
  return { kind: "heartbeat", from, to, term, commitIndex, readSeq, quiesce, lease };
}

const flagsOf = ({ quiesce, lease }: Heartbeat): number =>
  (quiesce ? QUIESCE : 0) | (lease ? LEASE : 0);

/** Appends the frame by which a node tells that it lives. */
export function writeAlive(w: ByteWriter, boot: number): void {
  const start = beginFrame(w, KIND.alive, 0);
  w.u53(boot);
  endFrame(w, start);
}

export function readAlive({ body }: Pick<Frame, "body">): number {
  const r = new ByteReader(body);
  const boot = r.u53("boot");
  r.end();
  return boot;
}
