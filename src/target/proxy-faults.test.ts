import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import type { MessageRule } from "../fault/vocabulary.ts";
import { asIndex, asNode, asTerm, GROUP_1 } from "../lib/ids.ts";
import type { Message } from "../raft/types.ts";
import { writeBeats } from "../wire/beats-codec.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { writeMessage } from "../wire/raft-codec.ts";
import { meaningOfFrame } from "./frame-meaning.ts";
import {
  cleanUp,
  connected,
  dial,
  frames,
  HANDSHAKE,
  proxyTurns,
  range,
  REPLY,
  startLink,
  startPeer,
  WITHIN_MS,
} from "./testing/proxy-peers.ts";
import { until } from "./until.ts";

afterEach(cleanUp);

const encoded = (message: Message): Uint8Array => {
  const w = new ByteWriter();
  writeMessage(w, message, GROUP_1);
  return w.written().slice();
};
const ends = { from: asNode(1), to: asNode(2) };
const vote = (term: number): Message => ({
  ...{ kind: "voteResponse", ...ends, term: asTerm(term), pre: false, granted: true },
});
const ack = (term: number): Message => ({
  ...{ kind: "appendResponse", ...ends, term: asTerm(term), index: asIndex(7), rejected: false },
  ...{ hintIndex: asIndex(0), hintTerm: asTerm(0) },
});
const heartbeatsOf = (terms: readonly number[]): Uint8Array => {
  const w = new ByteWriter();
  const beats = terms.map((term, i) => ({
    group: i + 1,
    message: {
      ...({ kind: "heartbeat", ...ends, term: asTerm(term) } as const),
      ...{ commitIndex: asIndex(0), readSeq: 1, quiesce: false, lease: false },
    },
  }));
  writeBeats(w, beats);
  return w.written().slice();
};
const rule = (changes: Partial<MessageRule>): MessageRule => ({
  ...{ id: 1, message: "voteResponse", term: "any", first: null, act: "drop" },
  ...changes,
});

test("ProxyLink: a reset is an RST to both ends, and a new connection works", async () => {
  const peer = startPeer();
  const link = startLink(peer.port);
  const { promise: code, resolve } = Promise.withResolvers<string>();
  const socket = connect(link.port, "127.0.0.1");
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "?"));
  socket.on("close", () => resolve("closed without an error"));
  socket.write(HANDSHAKE);
  await until("handshake", WITHIN_MS, () => socket.bytesRead === REPLY.length);
  link.break("reset");
  expect(await code).toBe("ECONNRESET");
  await until("close of the target's end", WITHIN_MS, () => peer.seen.closed === 1);
  const again = await dial(link.port);
  again.send(HANDSHAKE, ...frames([5]));
  await until("the frame", WITHIN_MS, () => peer.seen.serials.at(-1) === 5);
});

test("ProxyLink: a half-open connection is silent until it is mended; new ones work", async () => {
  const { peer, link, dialer } = await connected();
  link.break("halfOpen");
  dialer.send(...frames(range(0, 10)));
  const second = await dial(link.port);
  second.send(HANDSHAKE, ...frames([20]));
  await until("the new one's frame", WITHIN_MS, () => peer.serials.length === 1);
  link.set({ loss: 0.1 });
  link.set({});
  await proxyTurns(dialer);
  expect(peer.serials).toEqual([20]);
  expect(dialer.seen.closed).toBe(false);
  expect(peer.closed).toBe(0);
  link.break("mend");
  await until("close", WITHIN_MS, () => dialer.seen.closed && peer.closed === 1);
  expect(second.seen.closed).toBe(false);
});

test("ProxyLink: a clogged link keeps more than the pipe may queue, and lets it all through in order", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ clogged: true });
  const count = 4_000;
  // 16 MiB: a part of it waits in the sockets, or with the dialer.
  dialer.send(...frames(range(0, count), 4_096));
  const second = await dial(link.port);
  second.send(HANDSHAKE, ...frames([9_999]));
  await proxyTurns(dialer, second);
  expect(peer.serials).toEqual([]);
  expect(peer.connections).toBe(1);
  link.set({});
  await until("all frames", WITHIN_MS, () => peer.serials.length === count + 1);
  expect(peer.serials.filter((serial) => serial < count)).toEqual(range(0, count));
  expect(dialer.seen.closed || second.seen.closed).toBe(false);
});

test("ProxyLink: a dialer that closed while the link was clogged is heard to the end", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ clogged: true });
  dialer.send(...frames([1, 2, 3]));
  dialer.socket.flush();
  dialer.socket.end();
  await proxyTurns();
  expect(peer.closed).toBe(0);
  link.set({});
  await until("close of the target's end", WITHIN_MS, () => peer.closed === 1);
  expect(peer.serials).toEqual([1, 2, 3]);
});

test("ProxyLink: bandwidth delays what is too much, in order, and loses none of it", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ bytesPerSecond: 8 << 20 });
  const sent = performance.now();
  dialer.send(...frames(range(0, 400), 4_096));
  await until("all frames", WITHIN_MS, () => peer.serials.length === 400);
  expect(performance.now() - sent).toBeGreaterThanOrEqual((400 * 4_096 * 1000) / (8 << 20));
  expect(peer.serials).toEqual(range(0, 400));
});

test("ProxyLink: rules act on messages by kind and term, read with the codec of Raft", async () => {
  const { peer, link, dialer } = await connected();
  const rules = [
    rule({ id: 1, act: "duplicate", first: 2 }),
    rule({ id: 2, message: "appendResponse", term: "older" }),
  ];
  link.set({ rules, notesTerms: true });
  // The peer takes the first four bytes of a body for its serial: of these the low half of the term.
  dialer.send(...[ack(3), vote(5), ack(4), vote(5), vote(6), ack(6)].map(encoded));
  await until("the last frame", WITHIN_MS, () => peer.serials.length === 7);
  expect(peer.serials).toEqual([3, 5, 5, 5, 5, 6, 6]);
});

test("meaningOfFrame: a message, a pre-vote, and frames that are none", () => {
  expect(meaningOfFrame(encoded(ack(9)))).toEqual({
    ...{ message: "appendResponse", term: 9, pre: false },
  });
  const preVote = encoded({ ...vote(4), pre: true } as Message);
  expect(meaningOfFrame(preVote)).toEqual({ message: "voteResponse", term: 4, pre: true });
  expect(meaningOfFrame(HANDSHAKE)).toBeNull();
  expect(meaningOfFrame(heartbeatsOf([3, 7, 5]))).toEqual({
    ...{ message: "heartbeat", term: 7, pre: false },
  });
  expect(meaningOfFrame(heartbeatsOf([]))).toBeNull();
  expect(meaningOfFrame(encoded(ack(9)).subarray(0, 20))).toBeNull();
});
