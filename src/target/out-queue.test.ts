import { expect, test } from "bun:test";
import { OutQueue } from "./out-queue.ts";

/** A socket that takes `room` bytes and is then full. */
function sink(room: number) {
  const got: number[] = [];
  return {
    got,
    room,
    writes: 0,
    write(data: Uint8Array, offset: number, length: number): number {
      this.writes++;
      const taken = Math.min(length, this.room);
      this.room -= taken;
      got.push(...data.subarray(offset, offset + taken));
      return taken;
    },
  };
}

test("OutQueue: many pieces leave in one write, a partial write keeps the order", () => {
  const queue = new OutQueue(100);
  for (let i = 0; i < 10; i++) queue.push(Uint8Array.of(i, i));
  const socket = sink(7);
  queue.flush(socket);
  expect(socket.writes).toBe(1);
  expect(queue.bytes).toBe(13);
  queue.push(Uint8Array.of(10));
  queue.flush(socket);
  expect(socket.writes).toBe(1); // Full, and no drain yet.
  socket.room = 100;
  queue.drain(socket);
  expect(socket.got).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10]);
  expect(queue.bytes).toBe(0);
});

test("OutQueue: beyond the limit a piece is refused whole, but an empty queue takes any one", () => {
  const queue = new OutQueue(10);
  expect(queue.push(new Uint8Array(8))).toBe(true);
  expect(queue.push(new Uint8Array(3))).toBe(false);
  expect(queue.push(new Uint8Array(2))).toBe(true);
  expect(queue.bytes).toBe(10);
  expect(new OutQueue(10).push(new Uint8Array(11))).toBe(true);
});
