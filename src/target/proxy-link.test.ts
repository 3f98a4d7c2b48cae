import type { Socket } from "bun";
import { afterEach, expect, test } from "bun:test";
import { CLEAR_LINK, type LinkState } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { beginFrame, endFrame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { OutQueue } from "./out-queue.ts";
import { ProxyLink } from "./proxy-link.ts";
import { until } from "./until.ts";

const WITHIN_MS = 30_000;
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A frame of `kind` whose body is `serial` and `size` more bytes. */
function frame(kind: number, serial: number, size = 0): Uint8Array {
  const w = new ByteWriter();
  const start = beginFrame(w, kind, 1);
  w.u32(serial);
  w.bytes(new Uint8Array(size).fill(serial % 251));
  endFrame(w, start);
  return w.written().slice();
}
const HANDSHAKE = frame(KIND.handshake, 0);
const REPLY = frame(KIND.handshakeReply, 0);

/** A peer that answers each handshake and keeps what it receives; crc errors would throw. */
function startPeer() {
  const peer = { port: 0, serials: [] as number[], connections: 0, closed: 0, bytes: 0 };
  const server = Bun.listen<FrameReader>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = new FrameReader();
        peer.connections++;
      },
      data(socket, chunk) {
        peer.bytes += chunk.length;
        socket.data.push(chunk, ({ kind, body }) => {
          if (kind === KIND.handshake) socket.write(REPLY, 0, REPLY.length);
          else peer.serials.push(new DataView(body.buffer, body.byteOffset).getUint32(0, true));
        });
      },
      close() {
        peer.closed++;
      },
    },
  });
  cleanUps.push(() => server.stop(true));
  peer.port = server.port;
  return { ...peer, stop: () => server.stop(true), seen: peer };
}

type Dialer = {
  readonly socket: Socket<undefined>;
  readonly seen: { bytes: number; closed: boolean };
  send(...frames: Uint8Array[]): void;
};

async function dial(port: number): Promise<Dialer> {
  const seen = { bytes: 0, closed: false };
  const out = new OutQueue(1 << 30);
  const socket = await Bun.connect<undefined>({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_socket, chunk) {
        seen.bytes += chunk.length;
      },
      drain: (s) => out.drain(s),
      close() {
        seen.closed = true;
      },
    },
  });
  cleanUps.push(() => socket.terminate());
  return {
    socket,
    seen,
    send(...frames) {
      out.push(Buffer.concat(frames));
      out.flush(socket);
    },
  };
}

function startLink(port: number, seed = 1) {
  const link = new ProxyLink({ host: "127.0.0.1", port }, new Prng(seed));
  cleanUps.push(() => link.stop());
  const set = (state: Partial<LinkState>): void => link.set({ ...CLEAR_LINK, ...state });
  return { port: link.port, set };
}

/** A peer, a link to it, and a dialer whose handshake has been answered. */
async function connected(seed = 1) {
  const peer = startPeer();
  const link = startLink(peer.port, seed);
  const dialer = await dial(link.port);
  dialer.send(HANDSHAKE);
  await until("handshake reply", WITHIN_MS, () => dialer.seen.bytes === REPLY.length);
  return { peer: peer.seen, stopPeer: peer.stop, link, dialer };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
const frames = (serials: readonly number[], size = 0): Uint8Array[] =>
  serials.map((serial) => frame(KIND.appendEntries, serial, size));

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

/** Resolves when the proxy has handled all that was sent before: peers and proxy share one loop. */
async function proxyTurns(...dialers: Dialer[]): Promise<void> {
  for (const { socket } of dialers) socket.flush();
  const echo = startPeer();
  for (let i = 0; i < 3; i++) {
    const probe = await dial(startLink(echo.port).port);
    probe.send(HANDSHAKE);
    await until("probe", WITHIN_MS, () => probe.seen.bytes === REPLY.length, 1);
  }
}
