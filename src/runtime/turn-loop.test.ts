import { expect, test } from "bun:test";
import { machineClock } from "./clock.ts";
import { until } from "./testing/until.ts";
import { TurnLoop, type TurnLoopOptions } from "./turn-loop.ts";

/** A loop whose pumps and deadlines are recorded. */
function startLoop(deadline: () => number, options: Partial<TurnLoopOptions> = {}) {
  const seen: string[] = [];
  const loop = new TurnLoop({
    clock: machineClock,
    deadline,
    onDeadline: () => void seen.push("deadline"),
    pump: () => void seen.push("pump"),
    onFatal: (error) => void seen.push(`fatal: ${(error as Error).message}`),
    ...options,
  });
  return { loop, seen };
}

test("TurnLoop: many marks in a turn are one pump, after all sockets that were ready", async () => {
  const { loop, seen } = startLoop(() => Infinity);
  const done = Promise.withResolvers<void>();
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: () => {
        seen.push("data");
        loop.markDirty();
        loop.markDirty();
      },
    },
  });
  const clients = await Promise.all(
    Array.from({ length: 8 }, () =>
      Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } }),
    ),
  );
  // Written in one turn, so that one poll finds all of them ready.
  for (const client of clients) client.write(new Uint8Array(1));
  void until("all read", () => seen.filter((what) => what === "data").length === 8).then(() =>
    setImmediate(done.resolve),
  );
  await done.promise;
  const pumps = seen.filter((what) => what === "pump").length;
  expect(pumps).toBeGreaterThan(0);
  expect(pumps).toBeLessThan(8);
  expect(seen.at(-1)).toBe("pump");
  loop.stop();
  for (const client of clients) client.terminate();
  server.stop(true);
});

test("TurnLoop: a deadline that moves away is not called before its time", async () => {
  const start = performance.now();
  // The timer is set for the first answer; all others put the deadline off.
  const answers = [start + 5];
  const calls: number[] = [];
  const { loop } = startLoop(() => answers.pop() ?? (calls.length === 0 ? start + 60 : Infinity), {
    onDeadline: () => void calls.push(performance.now()),
  });
  loop.markDirty();
  await until("the deadline", () => calls.length > 0);
  expect(calls).toHaveLength(1);
  expect(calls[0]).toBeGreaterThanOrEqual(start + 60);
  loop.stop();
});

test("TurnLoop: a deadline that comes nearer is called in time, not at the old one", async () => {
  let at = performance.now() + 60_000;
  const { loop, seen } = startLoop(() => at, {
    onDeadline: () => {
      seen.push("deadline");
      at = Infinity;
    },
  });
  loop.markDirty();
  await until("armed", () => seen.includes("pump"));
  at = performance.now() + 5;
  loop.markDirty();
  await until("deadline", () => seen.includes("deadline"));
  expect(seen).toEqual(["pump", "pump", "deadline", "pump"]);
  loop.stop();
});

test("TurnLoop: a timer that is late lets the sockets be read before the deadline is judged", async () => {
  for (;;) {
    const seen = await readLate();
    // The machine itself was late: the timer was due before the first word came.
    if (seen[1] !== "data") continue;
    expect(seen).toEqual(["pump", "data", "stopped", "data", "pump"]);
    return;
  }
});

/**
 * What happens in this order: the first word stops the process, as SIGSTOP does, until long after the
 * deadline; the second comes in meanwhile, and moves it. The timer is the next thing that runs.
 */
async function readLate(): Promise<readonly string[]> {
  let at = Infinity;
  const { loop, seen } = startLoop(() => at);
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: () => {
        seen.push("data");
        if (seen.includes("stopped")) {
          at = performance.now() + 60_000;
          return;
        }
        seen.push("stopped");
        client.write(new Uint8Array(1));
        const end = at + 60;
        while (performance.now() < end);
      },
    },
  });
  const client = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: { data() {} },
  });
  // The timer is set at the end of this turn, so before the word that this turn sends is read.
  at = performance.now() + 200;
  loop.markDirty();
  client.write(new Uint8Array(1));
  await until("the late timer's pump", () => seen.filter((what) => what === "pump").length === 2);
  loop.stop();
  client.terminate();
  server.stop(true);
  return seen;
}

test("TurnLoop: what a pump throws is fatal, once, and nothing runs after it", async () => {
  let pumps = 0;
  const { loop, seen } = startLoop(() => Infinity, {
    pump: () => {
      pumps++;
      throw new Error("broken");
    },
  });
  loop.markDirty();
  await until("fatal", () => seen.length > 0);
  loop.markDirty();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(seen).toEqual(["fatal: broken"]);
  expect(pumps).toBe(1);
});

test("TurnLoop: what comes right after a long turn may have arrived during it; after a rest it has not", async () => {
  let now = 1_000;
  const arrivals: number[] = [];
  const { loop, seen } = startLoop(() => Infinity, {
    clock: { ...machineClock, now: () => now },
    pump: () => {
      arrivals.push(loop.arrivedAt);
      now += 300;
      seen.push("pump");
    },
  });
  const turn = async (): Promise<void> => {
    const before = seen.length;
    loop.markDirty();
    await until("a turn", () => seen.length > before);
  };
  await turn();
  now += 1;
  await turn();
  now += 10;
  await turn();
  expect(arrivals).toEqual([1_000, 1_000, 1_611]);
  loop.stop();
});
