import { assert, broken } from "../lib/assert.ts";
import { asNode, type NodeId } from "../lib/ids.ts";
import { ENTRY_HEADER_BYTES } from "./batch.ts";
import type { EntryBatch, Membership } from "./types.ts";

/**
 * A membership, version 1; little-endian. The payload of an entry of kind ENTRY_MEMBERSHIP, part of
 * InstallSnapshot and of a snapshot's file.
 *
 *   membership         u8 voters · u8 votersOutgoing · u8 learners · so many × u32 node id
 *
 * Each list ascends. There is a voter. A learner is no voter, though it may be an outgoing one: it
 * votes until the joint change ends, and learns from then on.
 */
const HEAD_BYTES = 3;
const NODES_MAX = 255;

export function encodeMembership({ voters, votersOutgoing, learners }: Membership): Uint8Array {
  const lists = [voters, votersOutgoing, learners];
  const ids = lists.flat();
  const bytes = new Uint8Array(HEAD_BYTES + ids.length * 4);
  const view = new DataView(bytes.buffer);
  lists.forEach((list, i) => {
    if (list.length > NODES_MAX) broken(`${list.length} nodes in a membership`);
    bytes[i] = list.length;
  });
  ids.forEach((id, i) => view.setUint32(HEAD_BYTES + i * 4, id, true));
  return bytes;
}

/** The one entry of a membership batch: its length and the membership. */
export function membershipEntry(membership: Membership): Uint8Array {
  const payload = encodeMembership(membership);
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length, true);
  bytes.set(payload, ENTRY_HEADER_BYTES);
  return bytes;
}

/** Why `bytes` is not a membership, or null when it is. */
export function membershipProblem(bytes: Uint8Array): string | null {
  if (bytes.length < HEAD_BYTES) return "membership: is cut short";
  const count = bytes[0]! + bytes[1]! + bytes[2]!;
  if (bytes.length !== HEAD_BYTES + count * 4) {
    return `membership: ${bytes.length} bytes for ${count} nodes`;
  }
  const { voters, votersOutgoing, learners } = decode(bytes);
  if (voters.length === 0) return "membership: has no voter";
  for (const list of [voters, votersOutgoing, learners]) {
    for (let i = 0; i < list.length; i++) {
      if (list[i]! <= (list[i - 1] ?? 0)) return `membership: node ${list[i]} is out of order`;
    }
  }
  const twice = learners.find((id) => voters.includes(id));
  return twice === undefined ? null : `membership: node ${twice} is voter and learner`;
}

/** Decodes what `membershipProblem` finds no fault with. */
export function decodeMembership(bytes: Uint8Array): Membership {
  const problem = membershipProblem(bytes);
  assert(problem === null, problem ?? "");
  return decode(bytes);
}

/** The membership that a batch of kind ENTRY_MEMBERSHIP holds. */
export const membershipOf = (batch: EntryBatch): Membership =>
  decodeMembership(batch.bytes.subarray(ENTRY_HEADER_BYTES));

function decode(bytes: Uint8Array): Membership {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = HEAD_BYTES;
  const list = (count: number): NodeId[] =>
    Array.from({ length: count }, () => asNode(view.getUint32((at += 4) - 4, true)));
  const voters = list(bytes[0]!);
  const votersOutgoing = list(bytes[1]!);
  return { voters, votersOutgoing, learners: list(bytes[2]!) };
}
