import { describe, expect, test } from "bun:test";
import { type Command, OP_PUT, readCommand } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { eachRequest } from "../wire/client.ts";
import { FrameReader } from "../wire/frame.ts";
import { GroupRequests } from "./group-requests.ts";

const SEED = 20260801;

const put = (valueBytes: number): Command => ({
  ...{ op: OP_PUT, flags: 0, session: 1, seq: 1, nonce: 0, expected: 0 },
  ...{ key: Buffer.from("k"), value: new Uint8Array(valueBytes) },
});

/** A socket that takes so many bytes of each write, and decodes what it took. */
class Wire {
  take = Number.POSITIVE_INFINITY;
  /** By frame: its group, and the ids of its requests. */
  readonly frames: { readonly group: number; readonly ids: number[] }[] = [];
  readonly #reader = new FrameReader();

  write(data: Uint8Array, offset: number, length: number): number {
    const taken = Math.min(length, this.take);
    this.#reader.push(data.slice(offset, offset + taken), ({ group, body }) => {
      const ids: number[] = [];
      eachRequest(body, (view, id, at) => {
        readCommand(body, view, at);
        ids.push(id);
      });
      this.frames.push({ group, ids });
    });
    return taken;
  }
}

describe("group requests", () => {
  test("a turn leaves as one frame a group, however the groups alternate", () => {
    const wire = new Wire();
    const out = new GroupRequests(1 << 20);
    for (const [i, group] of [2, 3, 2, 1, 3, 2].entries()) {
      expect(out.add(group, i, put(10))).toBe(true);
    }
    expect(out.flush(wire)).toBe(true);
    expect(wire.frames).toEqual([
      { group: 2, ids: [0, 2, 5] },
      { group: 3, ids: [1, 4] },
      { group: 1, ids: [3] },
    ]);
    out.flush(wire);
    expect(wire.frames).toHaveLength(3);
  });

  test("no frame is torn by another when the socket takes bytes as it likes", () => {
    const prng = new Prng(SEED);
    const wire = new Wire();
    const out = new GroupRequests(64 << 20);
    const asked = new Map<number, number[]>();
    for (let id = 0; id < 2000; id++) {
      const group = 1 + prng.below(4);
      expect(out.add(group, id, put(prng.below(2000)))).toBe(true);
      asked.set(group, [...(asked.get(group) ?? []), id]);
      wire.take = prng.below(3000);
      if (prng.chance(0.4)) expect(out.flush(wire)).toBe(true);
    }
    wire.take = Number.POSITIVE_INFINITY;
    out.flush(wire);
    for (const [group, ids] of asked) {
      const got = wire.frames.filter((frame) => frame.group === group).flatMap((f) => f.ids);
      expect(got, `seed ${SEED}, group ${group}`).toEqual(ids);
    }
  });

  test("a group that is full keeps no other from asking, and clear forgets all", () => {
    const out = new GroupRequests(1000);
    expect(out.add(2, 1, put(800))).toBe(true);
    expect(out.add(2, 2, put(800))).toBe(false);
    expect(out.add(3, 3, put(800))).toBe(true);
    out.clear();
    expect(out.add(2, 4, put(800))).toBe(true);
    const wire = new Wire();
    out.flush(wire);
    expect(wire.frames).toEqual([{ group: 2, ids: [4] }]);
  });

  test("a closed socket is told", () => {
    const out = new GroupRequests(1 << 20);
    out.add(5, 1, put(1));
    expect(out.flush({ write: () => -1 })).toBe(false);
  });
});
