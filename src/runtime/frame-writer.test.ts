import { expect, test } from "bun:test";
import { FrameWriter } from "./frame-writer.ts";

/** A socket that takes at most `take` bytes a write, as a full kernel buffer would. */
function sink(take: number) {
  const got: number[] = [];
  return {
    got,
    take,
    write(data: Uint8Array): number {
      const n = Math.min(this.take, data.length);
      got.push(...data.subarray(0, n));
      return n;
    },
  };
}

function enqueue(w: FrameWriter, ...bytes: number[]): boolean {
  return enqueueFrame(w, Uint8Array.from(bytes));
}

function enqueueFrame(w: FrameWriter, frame: Uint8Array): boolean {
  const start = w.bytes.offset;
  w.bytes.bytes(frame);
  return w.keep(start);
}

test("FrameWriter: partial writes keep the byte order", () => {
  const socket = sink(3);
  const w = new FrameWriter(100);
  const expected: number[] = [];
  for (let i = 0; i < 50; i++) {
    expect(enqueue(w, i, i, i + 1)).toBe(true);
    expected.push(i, i, i + 1);
    if (i % 2 === 0) w.flush(socket);
  }
  while (w.pendingBytes > 0) w.flush(socket);
  expect(socket.got).toEqual(expected);
});

test("FrameWriter: a full queue refuses whole frames and keeps those it has", () => {
  const socket = sink(3);
  const w = new FrameWriter(8);
  expect(enqueue(w, 1, 2, 3, 4)).toBe(true);
  expect(enqueue(w, 5, 6, 7, 8)).toBe(true);
  expect(enqueue(w, 9)).toBe(false);
  expect(w.pendingBytes).toBe(8);
  w.flush(socket);
  expect(enqueue(w, 9, 10, 11)).toBe(true);
  expect(enqueue(w, 12)).toBe(false);
  socket.take = 100;
  w.flush(socket);
  expect(socket.got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("FrameWriter: a flush of nothing writes nothing, so that spurious drains do no harm", () => {
  let writes = 0;
  const socket = {
    write: (data: Uint8Array) => {
      writes++;
      return data.length;
    },
  };
  const w = new FrameWriter(8);
  expect(w.flush(socket)).toBe(true);
  enqueue(w, 1);
  expect(w.flush(socket)).toBe(true);
  expect(w.flush(socket)).toBe(true);
  expect(writes).toBe(1);
});

test("FrameWriter: a closed socket is reported, and clear forgets half a frame", () => {
  const w = new FrameWriter(8);
  expect(w.flush({ write: () => -1 })).toBe(true);
  enqueue(w, 1, 2, 3);
  const socket = sink(1);
  expect(w.flush(socket)).toBe(true);
  expect(w.flush({ write: () => -1 })).toBe(false);
  w.clear();
  enqueue(w, 7);
  socket.take = 100;
  w.flush(socket);
  expect(socket.got).toEqual([1, 7]);
});

test("FrameWriter: a real socket that takes part of a write delivers 8 MiB in order", async () => {
  const total = 8 << 20;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let received = 0;
  let wrong = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(_socket, chunk) {
        for (let i = 0; i < chunk.length; i++) if (chunk[i] !== (received + i) % 251) wrong++;
        received += chunk.length;
        if (received === total) resolve();
      },
    },
  });
  const w = new FrameWriter(1 << 20);
  let sent = 0;
  let partialWrites = 0;
  const pump = (socket: { write(data: Uint8Array): number }): void => {
    do {
      while (sent < total) {
        const frame = new Uint8Array(65_536);
        for (let i = 0; i < frame.length; i++) frame[i] = (sent + i) % 251;
        if (!enqueueFrame(w, frame)) break;
        sent += frame.length;
      }
      w.flush(socket);
      if (w.pendingBytes > 0) {
        partialWrites++;
        return;
      }
    } while (sent < total);
  };
  const client = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: { open: pump, drain: pump, data() {} },
  });
  await all;
  expect({ received, wrong }).toEqual({ received: total, wrong: 0 });
  expect(partialWrites).toBeGreaterThan(0);
  client.terminate();
  server.stop(true);
});

test("FrameWriter: a frame larger than the limit goes when it is alone, and not behind another", () => {
  const w = new FrameWriter(4);
  expect(enqueue(w, 1, 2, 3, 4, 5, 6)).toBe(true);
  expect(enqueue(w, 7)).toBe(false);
  expect(w.pendingBytes).toBe(6);
  w.flush(sink(10));
  expect(enqueue(w, 1)).toBe(true);
  expect(enqueue(w, 2, 3, 4, 5, 6)).toBe(false);
});
