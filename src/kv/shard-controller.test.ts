import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { type Command, OP_PUT } from "./command.ts";
import type { ConfigChange } from "./config-changes.ts";
import { encodeConfig, type ShardConfig } from "./shard-config.ts";
import { ShardController } from "./shard-controller.ts";
import { OP_JOIN, OP_QUERY } from "./shard-ops.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import { INVALID, NOT_FOUND, OK, SESSION_EXPIRED, VERSION_MISMATCH } from "./status.ts";
import { command, encoded } from "./testing/commands.ts";
import { changeCommand, ControllerDriver } from "./testing/controller.ts";

const SHARDS = 10;

function newController(shards = SHARDS) {
  const machine = new ShardController(shards);
  return { machine, driver: new ControllerDriver(machine) };
}

const loads = ({ shards, groups }: ShardConfig): number[] =>
  groups.map(({ id }) => shards.filter((owner) => owner === id).length);

/** A snapshot of `from`, restored into a new controller in pieces of `bytes`. */
function restored(from: ShardController, bytes: number): ShardController {
  const into = new ShardController(SHARDS);
  const [reader, writer] = [from.beginSnapshot(), into.beginRestore()];
  for (let piece = reader.next(bytes); piece !== null; piece = reader.next(bytes)) {
    for (let at = 0; at < piece.length; at += bytes) {
      const cut = piece.slice(at, at + bytes);
      writer.write(cut);
      cut.fill(0); // It belongs to the caller again.
    }
  }
  writer.finish();
  return into;
}

test("controller: config 0 has no groups and no owners", () => {
  const { driver } = newController();
  expect(driver.query()).toMatchObject({ status: OK, num: 0 });
  expect(driver.query().config).toEqual({ num: 0, shards: new Array(SHARDS).fill(0), groups: [] });
});

test("controller: join, leave and join again spread the shards, one number after the other", () => {
  const { driver } = newController();
  expect(driver.join(2)).toMatchObject({ status: OK, num: 1, index: 1 });
  expect(loads(driver.join(3, 4).config!)).toEqual([4, 3, 3]);
  expect(loads(driver.leave(2).config!)).toEqual([5, 5]);
  expect(loads(driver.leave(3, 4).config!)).toEqual([]);
  expect(driver.query().config!.shards).toEqual(new Array(SHARDS).fill(0));
  expect(driver.join(2).num).toBe(5);
});

test("controller: every config of before can be queried, one to come is not found", () => {
  const { driver } = newController();
  const seen = [driver.query(), driver.join(2), driver.join(5), driver.move(3, 5), driver.leave(2)];
  for (const { num, config } of seen) expect(driver.query(num).config).toEqual(config);
  expect(driver.query(5)).toMatchObject({ status: NOT_FOUND, num: 4, config: null });
});

test("controller: a move stays until the next change of groups, which spreads anew", () => {
  const { driver } = newController();
  driver.join(2, 3);
  for (let shard = 0; shard < SHARDS; shard++) driver.move(shard, shard < 3 ? 2 : 3);
  expect(driver.query().config!.shards).toEqual([2, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
  expect(loads(driver.join(4).config!)).toEqual([3, 4, 3]);
});

test("controller: rebalance undoes moves, of two that expect one config only the first counts", () => {
  const { driver } = newController();
  driver.join(2, 3);
  for (const shard of [0, 1, 2]) driver.move(shard, 3);
  const { num } = driver.query();
  const first = driver.change({ kind: "rebalance" }, num);
  expect(first).toMatchObject({ status: OK, num: num + 1 });
  expect(loads(first.config!)).toEqual([5, 5]);
  expect(driver.change({ kind: "rebalance" }, num)).toMatchObject({
    ...{ status: VERSION_MISMATCH, num: num + 1 },
  });
  expect(driver.change({ kind: "rebalance" }).text).toBe("the shards are spread evenly already");
});

test("controller: what is refused changes nothing, and says why", () => {
  const { driver } = newController();
  driver.join(2);
  const change = (c: ConfigChange) => driver.change(c);
  expect(driver.join(2).text).toBe("group 2 has joined already");
  expect(driver.join(3, 3).text).toBe("group 3 has joined already");
  expect(driver.join(1).text).toBe("1 is not a group of shards");
  expect(change({ kind: "join", groups: [{ id: 3, nodes: [] }] }).text).toMatch(
    /^group 3 has 0 nodes/,
  );
  expect(change({ kind: "join", groups: [{ id: 3, nodes: [4, 4] }] }).text).toBe(
    "group 3 has a node twice",
  );
  expect(driver.leave(7).text).toBe("group 7 has not joined");
  expect(driver.move(SHARDS, 2).text).toBe(`there is no shard ${SHARDS}`);
  expect(driver.move(0, 9).text).toBe("group 9 has not joined");
  expect(driver.move(0, 9).status).toBe(INVALID);
  expect(driver.query().num).toBe(1);
});

test("controller: a change for one config is refused by a later one", () => {
  const { driver } = newController();
  driver.join(2);
  const join = (id: number): ConfigChange => ({ kind: "join", groups: [{ id, nodes: [1] }] });
  expect(driver.change(join(3), 0)).toMatchObject({ status: VERSION_MISMATCH, num: 1 });
  expect(driver.change(join(3), 1)).toMatchObject({ status: OK, num: 2 });
});

test("controller: a change that is repeated within its session counts once", () => {
  const { driver } = newController();
  const session = driver.openSession();
  const within = (c: Command, seq: number): Command => ({ ...c, session, seq });
  const join = changeCommand({ kind: "join", groups: [{ id: 2, nodes: [1] }] });
  const first = driver.apply(within(join, 1));
  expect(first).toMatchObject({ status: OK, num: 1 });
  driver.join(3);
  expect(driver.apply(within(join, 1))).toEqual(first);
  expect(driver.query().num).toBe(2);
  expect(driver.apply(within(join, 2)).status).toBe(INVALID);
  expect(driver.apply(within(join, 1)).status).toBe(SESSION_EXPIRED);
  expect(driver.apply({ ...join, session: session + 1, seq: 1 }).status).toBe(SESSION_EXPIRED);
});

test("controller: bytes that are no command of its own never reach the log", () => {
  const { machine } = newController();
  const problem = (c: Command): string | null => {
    const { bytes, view, at, end } = encoded(c);
    return machine.problem(bytes, view, at, end);
  };
  const text = (value: string) => new TextEncoder().encode(value);
  const op = (code: number, value = "") =>
    problem(command({ op: code as Command["op"], value: text(value) }));
  expect(op(OP_PUT, "1")).toBe(`op ${OP_PUT} is not known here`);
  expect(op(OP_QUERY, `{"num":-2}`)).toBe("no such query");
  for (const value of ["", "{", "null", "[]", `{"groups":[]}`, `{"groups":[null]}`]) {
    expect(op(OP_JOIN, value)).toBe("no such change");
  }
  expect(op(OP_JOIN, `{"groups":[{"id":2,"nodes":[1]}]}`)).toBeNull();
  expect(problem(command({ op: OP_JOIN as Command["op"], key: text("k") }))).toMatch(/key/);
  const { bytes, view, at, end } = encoded(changeCommand({ kind: "leave", groups: [2] }));
  expect(machine.problem(bytes, view, at, end - 1)).toBe("lengths do not add up");
  expect(machine.problem(bytes, view, at, at + 3)).toBe("command is cut short");
});

test("controller: a snapshot, cut anywhere, holds all configs and sessions as they were", () => {
  const { machine, driver } = newController();
  const session = driver.openSession();
  const join = { ...changeCommand({ kind: "join", groups: [{ id: 2, nodes: [1] }] }), session };
  driver.apply({ ...join, seq: 1 });
  driver.join(3, 4);
  const reader = machine.beginSnapshot();
  driver.leave(3); // Later than the snapshot.
  reader.close();
  for (const bytes of [1, 7, 1000]) {
    const copy = restored(machine, bytes);
    for (let num = 0; num <= 3; num++) expect(copy.configAt(num)).toEqual(machine.configAt(num));
    expect(new ControllerDriver(copy).apply({ ...join, seq: 1 })).toMatchObject({
      num: 1,
      index: 2,
    });
  }
});

test("controller: what was applied after a snapshot began does not show in it", () => {
  const { machine, driver } = newController();
  driver.join(2);
  const reader = machine.beginSnapshot();
  driver.join(3);
  const into = new ShardController(SHARDS);
  const writer = into.beginRestore();
  for (let piece = reader.next(9); piece !== null; piece = reader.next(9)) writer.write(piece);
  writer.finish();
  expect(into.config.num).toBe(1);
  expect(machine.config.num).toBe(2);
});

test("controller: damaged or incomplete snapshots are refused", () => {
  const { machine, driver } = newController();
  driver.join(2);
  driver.openSession();
  const reader = machine.beginSnapshot();
  const whole = reader.next(1 << 20)!;
  for (let cut = 0; cut < whole.length; cut++) {
    const writer = new ShardController(SHARDS).beginRestore();
    expect(() => {
      writer.write(whole.subarray(0, cut));
      writer.finish();
    }).toThrow(SnapshotFormatError);
  }
});

test("controller: replicas that apply the same changes hold the same bytes", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const [a, b] = [newController(), newController()];
    for (let i = 0; i < 40; i++) {
      const [x, y, kind] = [prng.below(8), prng.below(SHARDS + 1), prng.below(3)];
      const steps = [a, b].map(({ driver }) => {
        if (kind === 0) return driver.join(x, x + 1);
        return kind === 1 ? driver.leave(x) : driver.move(y, x);
      });
      expect(steps[0]).toEqual(steps[1]!);
    }
    expect(encodeConfig(a.machine.config)).toEqual(encodeConfig(b.machine.config));
    const { groups, shards } = a.machine.config;
    for (const owner of shards)
      expect(owner === 0 || groups.some(({ id }) => id === owner)).toBe(true);
  }
});
