import type { Socket } from "bun";
import { CLEAR_LINK, type LinkState } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import { ByteWriter } from "../../wire/bytes.ts";
import { beginFrame, endFrame, FrameReader } from "../../wire/frame.ts";
import { KIND } from "../../wire/kinds.ts";
import { OutQueue } from "../out-queue.ts";
import { type LinkBreak, ProxyLink } from "../proxy-link.ts";
import { until } from "../until.ts";

// A dialer, a proxied link and a peer in one process, for the tests of the proxies.

export const WITHIN_MS = 30_000;
const cleanUps: (() => void)[] = [];

/** Ends all that was started; call it after each test. */
export function cleanUp(): void {
  for (const each of cleanUps.splice(0)) each();
}

/** A frame of `kind` whose body is `serial` and `size` more bytes. */
export function frame(kind: number, serial: number, size = 0): Uint8Array {
  const w = new ByteWriter();
  const start = beginFrame(w, kind, 1);
  w.u32(serial);
  w.bytes(new Uint8Array(size).fill(serial % 251));
  endFrame(w, start);
  return w.written().slice();
}
export const HANDSHAKE = frame(KIND.handshake, 0);
export const REPLY = frame(KIND.handshakeReply, 0);

/** A peer that answers each handshake and keeps what it receives; crc errors would throw. */
export function startPeer() {
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

export type Dialer = {
  readonly socket: Socket<undefined>;
  readonly seen: { bytes: number; closed: boolean };
  send(...frames: Uint8Array[]): void;
};

export async function dial(port: number): Promise<Dialer> {
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

export function startLink(port: number, seed = 1) {
  const link = new ProxyLink({ host: "127.0.0.1", port }, new Prng(seed));
  cleanUps.push(() => link.stop());
  const set = (state: Partial<LinkState>): void => link.set({ ...CLEAR_LINK, ...state });
  return { port: link.port, set, break: (how: LinkBreak) => link.break(how) };
}

/** A peer, a link to it, and a dialer whose handshake has been answered. */
export async function connected(seed = 1) {
  const peer = startPeer();
  const link = startLink(peer.port, seed);
  const dialer = await dial(link.port);
  dialer.send(HANDSHAKE);
  await until("handshake reply", WITHIN_MS, () => dialer.seen.bytes === REPLY.length);
  return { peer: peer.seen, stopPeer: peer.stop, link, dialer };
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
export const frames = (serials: readonly number[], size = 0): Uint8Array[] =>
  serials.map((serial) => frame(KIND.appendEntries, serial, size));

/** Resolves when the proxy has handled all that was sent before: peers and proxy share one loop. */
export async function proxyTurns(...dialers: Dialer[]): Promise<void> {
  for (const { socket } of dialers) socket.flush();
  const echo = startPeer();
  for (let i = 0; i < 3; i++) {
    const probe = await dial(startLink(echo.port).port);
    probe.send(HANDSHAKE);
    await until("probe", WITHIN_MS, () => probe.seen.bytes === REPLY.length, 1);
  }
}
