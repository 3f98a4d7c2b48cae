import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import {
  decodeMembership,
  encodeMembership,
  membershipEntry,
  membershipProblem,
} from "./membership-codec.ts";
import type { Membership } from "./types.ts";

const JOINT: Membership = {
  voters: [1, 4, 70_000].map(asNode),
  votersOutgoing: [1, 2, 3].map(asNode),
  learners: [2].map(asNode),
};

test("membership codec: the bytes of version 1 do not change", () => {
  expect(encodeMembership(JOINT).toHex()).toBe(
    "030301" + "0100000004000000" + "70110100" + "010000000200000003000000" + "02000000",
  );
  expect(membershipEntry(JOINT).toHex().slice(0, 8)).toBe("1f000000");
});

test("membership codec: it decodes to what was encoded, also as a view", () => {
  expect(decodeMembership(encodeMembership(JOINT))).toEqual(JOINT);
  expect(decodeMembership(membershipEntry(JOINT).subarray(4))).toEqual(JOINT);
});

test("membership codec: every truncation and every extra byte has a reason", () => {
  const bytes = encodeMembership(JOINT);
  for (let size = 0; size < bytes.length; size++) {
    expect(membershipProblem(bytes.subarray(0, size))).not.toBeNull();
  }
  expect(membershipProblem(new Uint8Array([...bytes, 0]))).toContain("32 bytes for 7 nodes");
});

test("membership codec: what contradicts itself has a reason", () => {
  const problem = (change: Partial<Record<keyof Membership, number[]>>) =>
    membershipProblem(encodeMembership({ ...JOINT, ...change } as Membership));
  expect(problem({ voters: [] })).toContain("no voter");
  expect(problem({ voters: [4, 1] })).toContain("node 1 is out of order");
  expect(problem({ voters: [1, 1] })).toContain("node 1 is out of order");
  expect(problem({ voters: [0, 1] })).toContain("node 0 is out of order");
  expect(problem({ learners: [4] })).toContain("node 4 is voter and learner");
  expect(problem({ learners: [3] })).toBeNull(); // Votes until the joint change ends.
});
