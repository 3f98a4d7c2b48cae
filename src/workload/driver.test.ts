import { describe, expect, test } from "bun:test";
import { DONE_FAIL, DONE_INFO } from "../client/ports.ts";
import { OP_GET } from "../kv/command.ts";
import { keyText } from "./keys.ts";
import { BenchTop } from "./testing/bench-top.ts";

describe("driver: closed loop", () => {
  test("every worker has one operation outstanding, and goes on when it has ended", () => {
    const top = new BenchTop();
    top.driver.begin(0);
    expect(top.started.map((s) => s.worker).sort()).toEqual([0, 1, 2, 3]);
    top.end(2, 5);
    expect(top.started.at(-1)).toMatchObject({ worker: 2, at: 5 });
    expect(top.started).toHaveLength(5);
    expect(top.driver.nextStartMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("after stop nothing starts, and it is idle once the last has ended", () => {
    const top = new BenchTop();
    top.driver.begin(0);
    top.driver.stop(0);
    for (const worker of [0, 1, 2]) top.end(worker, 1);
    expect(top.driver.idle).toBe(false);
    top.end(3, 2);
    expect(top.driver.idle).toBe(true);
    expect(top.started).toHaveLength(4);
  });

  test("latency and counts are told by action, and only ok ones have a latency", () => {
    const top = new BenchTop({ mix: { get: 1, put: 0, cas: 0, append: 0, delete: 0 } });
    top.driver.begin(0);
    top.end(0, 2);
    top.end(1, 4, { outcome: DONE_FAIL });
    top.end(2, 6, { outcome: DONE_INFO });
    const result = top.result();
    expect(result.counts).toEqual({ ok: 1, fail: 1, info: 1 });
    expect(Object.keys(result.byOp)).toEqual(["get"]);
    expect(result.service).toMatchObject({ count: 1, mean: 2000, max: 2000 });
    expect(result.response).toEqual(result.service);
    expect(result.throughput).toBe(1);
  });

  test("what was meant to start before the measurement is in the ticks, not in the result", () => {
    const top = new BenchTop();
    top.metrics.setStart(10);
    top.driver.begin(0);
    top.end(0, 12);
    expect(top.metrics.takeTick().counts.ok).toBe(1);
    top.end(0, 13);
    top.metrics.setEnd(14);
    top.end(0, 15);
    expect(top.result().counts.ok).toBe(2);
    expect(top.result().throughput).toBe(1);
    expect(top.metrics.takeTick().counts.ok).toBe(2);
    expect(top.metrics.takeTick()).toMatchObject({ counts: { ok: 0 }, response: { count: 0 } });
  });
});

describe("driver: open loop", () => {
  test("starts when it is time, whatever is outstanding", () => {
    const top = new BenchTop({ rate: 100 });
    top.driver.begin(0);
    expect(top.started).toHaveLength(1);
    expect(top.driver.nextStartMs).toBe(10);
    top.driver.poll(9.9);
    expect(top.started).toHaveLength(1);
    top.driver.poll(30);
    expect(top.started).toHaveLength(4);
  });

  test("response time counts from the intended start, service time from the sending", () => {
    const top = new BenchTop({ rate: 100 });
    top.driver.begin(0);
    top.driver.poll(13);
    top.end(top.started[1]!.worker, 14);
    const { response, service, lateness } = top.result();
    expect(response.max).toBe(4000);
    expect(service.max).toBe(1000);
    expect(lateness.max).toBe(3000);
  });

  test("no free worker: the start waits, its response time goes on, and it is not called late", () => {
    const top = new BenchTop({ rate: 100, clients: 1 });
    top.driver.begin(0);
    top.driver.poll(10);
    expect(top.started).toHaveLength(1);
    top.end(0, 60);
    expect(top.started.at(-1)).toMatchObject({ worker: 0, at: 60 });
    top.end(0, 61);
    const { response, lateness } = top.result();
    expect(response.max).toBe(60_000);
    expect(response.count).toBe(2);
    expect(lateness.max).toBe(0);
  });

  test("what has waited for a whole timeout is dropped and counted, and voids the run", () => {
    const top = new BenchTop({ rate: 100, clients: 1, timeoutMs: 100 });
    top.driver.begin(0);
    top.driver.poll(10);
    expect(top.driver.nextStartMs).toBe(110);
    top.end(0, 135);
    expect(top.started).toHaveLength(2);
    const result = top.result();
    expect(result.dropped).toBe(3);
    expect(result.void).toContain("60 % of the operations");
  });

  test("what was due and had found no free worker at the end is dropped: the rate was not held", () => {
    const top = new BenchTop({ rate: 100, clients: 1, timeoutMs: 10_000 });
    top.driver.begin(0);
    top.driver.poll(95);
    top.driver.stop(95);
    top.end(0, 200);
    const result = top.result();
    expect(top.started).toHaveLength(1);
    expect(result.dropped).toBe(9);
    expect(result.void).toContain("90 % of the operations found no free client in time");
  });

  test("a generator that was held up is late, whichever worker its answers free first", () => {
    const top = new BenchTop({ rate: 1000, clients: 3, timeoutMs: 10_000 });
    top.driver.begin(0); // One worker is busy, two have been free since ever.
    top.end(top.started[0]!.worker, 50); // The answer is read first, after a stall of 50 ms.
    expect(top.started).toHaveLength(4);
    expect(top.result().lateness.max).toBe(49_000);
  });

  /** Two operations, due at 0 and 10 ms; the second starts `lateMs` late, and ends 1 ms after. */
  function late(lateMs: number, pacing: "spin" | "event"): BenchTop {
    const top = new BenchTop({ rate: 100, pacing });
    top.driver.begin(0);
    top.driver.poll(10 + lateMs);
    top.driver.stop(10 + lateMs);
    top.end(top.started[1]!.worker, 11 + lateMs);
    return top;
  }

  test("late starts void a run that promises exact ones: from 1 ms at p99, however slow the servers", () => {
    const top = late(1.1, "spin");
    top.end(top.started[0]!.worker, 90);
    expect(top.result().void).toContain("started late (p99 1.1 ms)");
    expect(late(0.9, "spin").result().void).toBeNull();
  });

  test("with pacing by timers, when they weigh against the response time", () => {
    const top = late(5, "event");
    expect(top.result().void).toContain("started late (p99 5.0 ms)");
    top.end(top.started[0]!.worker, 90);
    expect(top.result().void).toBeNull();
    expect(late(1.1, "event").result().void).toBeNull();
  });
});

describe("driver: final reads", () => {
  function stopped(keys: number): BenchTop {
    const top = new BenchTop({ keys });
    top.driver.begin(0);
    top.driver.stop(0);
    for (const worker of [0, 1, 2, 3]) top.end(worker, 1);
    top.started.length = 0;
    return top;
  }

  test("every key is read once, as far as there are workers, and outside the figures", () => {
    const top = stopped(10);
    const { ok } = top.result().counts;
    top.driver.readAll(5);
    expect(top.started).toHaveLength(4);
    for (let i = 0; i < 10; i++) top.end(top.started[i]!.worker, 6);
    expect(top.driver.idle).toBe(true);
    const keys = top.started.map((s) => s.key).sort();
    expect(keys).toEqual(Array.from({ length: 10 }, (_, key) => keyText(key)));
    expect(top.started.every((s) => s.op === OP_GET && s.flags === 0)).toBe(true);
    expect(top.driver.unread).toBe(0);
    expect(top.result().counts.ok).toBe(ok);
  });

  test("a read that failed is repeated twice, then the key counts as unread", () => {
    const top = stopped(1);
    top.driver.readAll(5);
    for (let i = 0; i < 3; i++) {
      expect(top.driver.idle).toBe(false);
      top.end(top.started[i]!.worker, 6 + i, { outcome: DONE_INFO });
    }
    expect(top.driver.idle).toBe(true);
    expect(top.started).toHaveLength(3);
    expect(top.driver.unread).toBe(1);
  });
});

test("metrics: a closed loop that kept its core busy is void", () => {
  const top = new BenchTop();
  top.driver.begin(0);
  top.end(0, 1);
  const { metrics } = top;
  const facts = { startedAtUs: 0, measuredMs: 1, unread: null };
  expect(metrics.result({ ...facts, cpu: 0.99 }).void).toContain("99 % of a core");
  expect(metrics.result({ ...facts, cpu: 0.8 }).void).toBeNull();
});

test("metrics: what nothing was measured of has a row of zeros, and a run of nothing is void", () => {
  const top = new BenchTop({ mix: { get: 0.5, put: 0.4, cas: 0, append: 0.1, delete: 0 } });
  const { byOp, void: why } = top.result();
  expect(Object.keys(byOp)).toEqual(["get", "put", "append"]);
  expect(byOp["put"]!.counts).toEqual({ ok: 0, fail: 0, info: 0 });
  expect(byOp["put"]!.service.count).toBe(0);
  expect(why).toStartWith("no operation succeeded");
});
