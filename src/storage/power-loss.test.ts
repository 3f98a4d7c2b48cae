import { expect, setDefaultTimeout, test } from "bun:test";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import { errorCode } from "./storage-error.ts";
import { PlainDisk } from "./plain-disk.ts";
import { isSpare } from "./segment.ts";
import {
  EMPTY,
  openNode,
  type NodeState,
  same,
  Script,
  SNAPSHOT_DIR,
  WAL_DIR,
} from "./testing/node-data.ts";
import { VolatileDisk } from "./volatile-disk.ts";

/** Half a second each of pure computing; the machine may have other things to do. */
setDefaultTimeout(60_000);

const STEPS = 42;

type Machine = {
  readonly disk: VolatileDisk;
  readonly settle: () => void;
  /** The process is dead: what it asked for and was not done yet does not call back. */
  readonly forget: () => void;
};

function powerUp(platter: PlainDisk, seed: number): Machine {
  const queue: (() => void)[] = [];
  const disk = new VolatileDisk(platter, {
    prng: new Prng(seed),
    later: (_operation, _bytes, work) => void queue.push(work),
  });
  const settle = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
    if (!disk.hasPower) throw new Ended();
  };
  const forget = (): void => void (queue.length = 0);
  return { disk, settle, forget };
}

class Ended extends Error {}

/**
 * One life of a node up to point `endAt` of its disk, where `end` is called. Returns what may be found
 * afterwards, and how many points there were. What the node finds when it starts is durable for it.
 */
function live(
  { disk, settle, forget }: Machine,
  steps: number,
  endAt: number,
  end: () => void,
  before: readonly NodeState[],
): { possible: readonly NodeState[]; points: number; reused: number; opened: NodeState | null } {
  let points = 0;
  let reused = 0;
  disk.onPoint = (point, path) => {
    if (point === "rename" && isSpare(path)) reused++;
    if (++points === endAt) end();
  };
  let script: Script | null = null;
  let opened: NodeState | null = null;
  try {
    const node = openNode(disk, (error) => {
      throw error;
    });
    opened = node.state;
    script = new Script(node, settle);
    script.run(steps);
  } catch (error) {
    if (errorCode(error) !== "EPOWER" && !(error instanceof Ended)) throw error;
  }
  disk.onPoint = () => {};
  forget();
  return { possible: script?.possible ?? before, points, reused, opened };
}

const lifeWithoutEnd = live(powerUp(new PlainDisk(), 1), STEPS, 0, () => {}, [EMPTY]);

const isAmong = (found: NodeState, possible: readonly NodeState[]): boolean =>
  possible.some((state) => same(state, found));

test("the script has segments that are used again, snapshots that follow each other, and all its writes", () => {
  const machine = powerUp(new PlainDisk(), 1);
  live(machine, STEPS, 0, () => {}, [EMPTY]);
  const segments = machine.disk.list(WAL_DIR).sort();
  for (const dir of [SNAPSHOT_DIR, `${SNAPSHOT_DIR}/group-2`]) {
    expect(machine.disk.list(dir).filter((name) => name.endsWith(".snap")).length, dir).toBe(1);
  }
  expect(segments).not.toContain("wal-00000001.seg");
  expect(segments.length).toBeGreaterThan(2);
  expect(lifeWithoutEnd.possible.length).toBe(1);
  expect(lifeWithoutEnd.points).toBeGreaterThan(100);
  expect(lifeWithoutEnd.reused).toBeGreaterThan(3);
});

test.each(["nothing", "prefix", "subset", "torn"] as const)(
  "power lost at any point, with %s kept of what was not synced: the node starts, and all that was durable is there",
  (keeps: PowerLossKeeps) => {
    for (let endAt = 1; endAt <= lifeWithoutEnd.points; endAt++) {
      const platter = new PlainDisk();
      let machine = powerUp(platter, endAt);
      const losePower = (): void => machine.disk.losePower(keeps);
      let { possible } = live(machine, STEPS, endAt, losePower, [EMPTY]);
      // Again while it starts and goes on: what a first crash left may be half repaired then.
      for (let life = 1; life <= 2; life++) {
        machine = powerUp(platter, endAt + life);
        const at = 1 + ((endAt * life) % 17);
        const next = live(machine, 3, at, losePower, possible);
        losePower();
        if (next.opened !== null && !isAmong(next.opened, possible)) {
          throw new Error(`point ${endAt}, life ${life}: ${JSON.stringify(next.opened)}`);
        }
        ({ possible } = next);
      }
    }
  },
);

test.each([0, 2])(
  "a killed process, another one for %d writes, then power lost: all that either relied on is there",
  (steps) => {
    for (let endAt = 1; endAt <= lifeWithoutEnd.points; endAt++) {
      const platter = new PlainDisk();
      const machine = powerUp(platter, endAt);
      const kill = (): void => {
        throw new Ended();
      };
      const { possible } = live(machine, STEPS, endAt, kill, [EMPTY]);
      const next = live(machine, steps, 0, kill, possible);
      expect(isAmong(next.opened!, possible), `point ${endAt}`).toBe(true);
      machine.disk.losePower("nothing");
      const found = openNode(powerUp(platter, endAt).disk, kill).state;
      expect(isAmong(found, next.possible), `point ${endAt}`).toBe(true);
    }
  },
);
