import { afterEach, expect, test } from "bun:test";
import {
  cleanUp,
  connected,
  dial,
  frames,
  HANDSHAKE,
  proxyTurns,
  range,
  REPLY,
  WITHIN_MS,
} from "./testing/proxy-peers.ts";
import { until } from "./until.ts";

afterEach(cleanUp);

test("ProxyLink: 200,000 frames, 64 MiB, pass a clear link byte for byte and in order", async () => {
  const { peer, dialer } = await connected();
  const all = range(0, 200_000);
  const bytes = frames(all.slice(0, 1000), 300)[0]!.length * all.length;
  for (let at = 0; at < all.length; at += 1000) {
    dialer.send(...frames(all.slice(at, at + 1000), 300));
    // As a node does, send no more than the pipe may queue.
    await until("room", WITHIN_MS, () => peer.serials.length > at - 10_000, 0);
  }
  await until("all frames", WITHIN_MS, () => peer.serials.length === all.length);
  expect(peer.serials).toEqual(all);
  expect(peer.bytes).toBe(bytes + HANDSHAKE.length);
});

test("ProxyLink: a frame longer than any queue passes whole", async () => {
  const { peer, dialer } = await connected();
  dialer.send(...frames([7], 12 << 20));
  await until("the frame", WITHIN_MS, () => peer.serials.length === 1);
  expect(peer.serials).toEqual([7]);
});

test("ProxyLink: loss drops its share and keeps the order; a loss of 1 spares the handshake", async () => {
  const { peer, link, dialer } = await connected(11);
  link.set({ loss: 0.3 });
  const lossy = range(0, 5_000);
  dialer.send(...frames(lossy));
  await until("the rest", WITHIN_MS, () => peer.serials.at(-1)! > 4_950);
  expect(peer.serials).toEqual([...peer.serials].sort((a, b) => a - b));
  expect(Math.abs(peer.serials.length / lossy.length - 0.7)).toBeLessThan(0.03);
  link.set({ loss: 1 });
  const second = await dial(link.port);
  second.send(HANDSHAKE, ...frames([9_001]));
  await until("handshake reply", WITHIN_MS, () => second.seen.bytes === REPLY.length);
  link.set({});
  second.send(...frames([9_002]));
  await until("the frame after", WITHIN_MS, () => peer.serials.at(-1) === 9_002);
  expect(peer.serials).not.toContain(9_001);
});

test("ProxyLink: delay holds frames for its time and keeps the order", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ delayMs: 60, jitterMs: 20 });
  const sent = performance.now();
  dialer.send(...frames(range(0, 500)));
  await until("all frames", WITHIN_MS, () => peer.serials.length === 500, 1);
  expect(performance.now() - sent).toBeGreaterThanOrEqual(60);
  expect(peer.serials).toEqual(range(0, 500));
});

test("ProxyLink: lifting a delay delivers at once, in order, what it held", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ delayMs: 3_600_000 });
  dialer.send(...frames(range(0, 100)));
  // The handshake of a second connection proves that the frames above have reached the proxy.
  const second = await dial(link.port);
  second.send(HANDSHAKE);
  await until("handshake reply", WITHIN_MS, () => second.seen.bytes === REPLY.length);
  expect(peer.serials).toEqual([]);
  link.set({});
  dialer.send(...frames(range(100, 110)));
  await until("all frames", WITHIN_MS, () => peer.serials.length === 110);
  expect(peer.serials).toEqual(range(0, 110));
});

test("ProxyLink: duplicates arrive twice, reordered frames late, none is lost", async () => {
  const { peer, link, dialer } = await connected(5);
  link.set({ duplicate: 0.5, reorder: 0.3, reorderWithinMs: 20 });
  const count = 2_000;
  dialer.send(...frames(range(0, count)));
  await until("every frame", WITHIN_MS, () => new Set(peer.serials).size === count);
  link.set({});
  dialer.send(...frames([count]));
  await until("the last frame", WITHIN_MS, () => peer.serials.at(-1) === count);
  expect(peer.serials.length / count).toBeGreaterThan(1.4);
  const overtaken = peer.serials.filter((serial, i) => serial > (peer.serials[i + 1] ?? Infinity));
  expect(overtaken.length).toBeGreaterThan(count / 20);
});

test("ProxyLink: a cut is silence, connections stay open, and healing it resumes them", async () => {
  const { peer, link, dialer } = await connected();
  dialer.send(...frames([1]));
  await until("the first frame", WITHIN_MS, () => peer.serials.length === 1);
  link.set({ cut: true });
  dialer.send(...frames(range(2, 1_000)));
  const during = await dial(link.port);
  during.send(HANDSHAKE);
  link.set({ cut: true, loss: 0.5 });
  // What was sent during the cut must have reached the proxy before the link heals.
  const before = peer.serials.length;
  await proxyTurns(dialer, during);
  expect(peer.serials.length).toBe(before);
  expect(peer.connections).toBe(1);
  expect(during.seen).toEqual({ bytes: 0, closed: false });
  link.set({});
  // The connection that lost its handshake is of no use: its dialer must dial again.
  await until("close", WITHIN_MS, () => during.seen.closed);
  dialer.send(...frames([1_000]));
  await until("the frame after", WITHIN_MS, () => peer.serials.at(-1) === 1_000);
  expect(peer.serials).toEqual([1, 1_000]);
  expect(dialer.seen.closed).toBe(false);
});

test("ProxyLink: behind a cut neither end hears that the other closed, until it heals", async () => {
  const { peer, link, dialer, stopPeer } = await connected();
  const second = await dial(link.port);
  second.send(HANDSHAKE);
  await until("handshake reply", WITHIN_MS, () => second.seen.bytes === REPLY.length);
  link.set({ cut: true });
  second.socket.end();
  await until("local close", WITHIN_MS, () => second.seen.closed);
  await proxyTurns(dialer);
  expect(peer.closed).toBe(0);
  stopPeer();
  await proxyTurns(dialer);
  expect(dialer.seen.closed).toBe(false);
  link.set({});
  await until("close", WITHIN_MS, () => dialer.seen.closed);
});

test("ProxyLink: when the target is down the dialer's connection is closed", async () => {
  const { link, dialer, stopPeer } = await connected();
  stopPeer();
  await until("close of the open one", WITHIN_MS, () => dialer.seen.closed);
  const again = await dial(link.port);
  await until("close of a new one", WITHIN_MS, () => again.seen.closed);
});

test("ProxyLink: frames of a dialer that is gone still arrive after their delay", async () => {
  const { peer, link, dialer } = await connected();
  link.set({ delayMs: 50 });
  dialer.send(...frames([1, 2, 3]));
  dialer.socket.end();
  await until("close of the target's end", WITHIN_MS, () => peer.closed === 1);
  expect(peer.serials).toEqual([1, 2, 3]);
});

test("ProxyLink: a stream that is not frames closes the connection", async () => {
  const { peer, dialer } = await connected();
  dialer.send(new Uint8Array(64).fill(0xff));
  await until("close", WITHIN_MS, () => dialer.seen.closed && peer.closed === 1);
});
