import { expect, test } from "bun:test";
import type { FaultBand } from "../report/schema.ts";
import type { ClusterEvent } from "../target/target.ts";
import { failoversOf, termsWithTwoLeaders } from "./failovers.ts";

const elected = (atMs: number, node: number, term: number): ClusterEvent => ({
  ...{ atUs: atMs * 1000, node, kind: "becameLeader", term },
});
const band = (kind: string, nodes: readonly number[], fromMs: number): FaultBand => ({
  ...{ label: `${kind} it`, kind, nodes, fromUs: fromMs * 1000, toUs: (fromMs + 500) * 1000 },
});

test("failoversOf: the time from the fault to the new leader and to its first ack", () => {
  const asked: (readonly [number, number])[] = [];
  const firstAck = (invokedUs: number, returnedUs: number): number => {
    asked.push([invokedUs, returnedUs]);
    return 1_450_000;
  };
  const events = [elected(100, 1, 1), elected(1_400, 2, 3)];
  expect(failoversOf([band("crash", [1], 1_000)], events, firstAck)).toEqual([
    {
      ...{ fault: "crash it", oldLeader: 1, newLeader: 2, faultAtUs: 1_000_000 },
      ...{ electedMs: 400, firstAckMs: 450 },
    },
  ]);
  expect(asked).toEqual([[1_000_000, 1_400_000]]);
});

test("failoversOf: faults on other nodes and elections of their own accord do not count", () => {
  const events = [elected(100, 1, 1), elected(1_400, 2, 2)];
  expect(failoversOf([band("crash", [3], 1_000)], events, () => null)).toEqual([]);
  expect(failoversOf([], events, () => null)).toEqual([]);
});

test("failoversOf: of several faults on the leader, the one most likely to depose it is named", () => {
  const events = [elected(100, 1, 1), elected(1_400, 2, 2)];
  const bands = [band("loss", [1, 2, 3], 500), band("pause", [1], 900), band("crash", [1], 1_000)];
  expect(failoversOf(bands, events, () => null).map(({ fault }) => fault)).toEqual(["crash it"]);
});

test("failoversOf: a partition counts even when it does not name the leader, if nothing else hit", () => {
  const events = [elected(100, 1, 1), elected(1_400, 2, 2)];
  const bridge = band("partition", [3], 500);
  expect(failoversOf([bridge], events, () => null).length).toBe(1);
  const bands = [bridge, band("loss", [1], 900)];
  expect(failoversOf(bands, events, () => null).map(({ fault }) => fault)).toEqual(["loss it"]);
});

test("failoversOf: a crashed leader without a successor is listed", () => {
  const [failover] = failoversOf([band("crash", [1], 1_000)], [elected(100, 1, 1)], () => null);
  expect(failover?.newLeader).toBeNull();
  expect(failover?.electedMs).toBeNull();
});

test("failoversOf: a leader of an older term that is logged late starts no reign", () => {
  const events = [elected(100, 1, 5), elected(200, 2, 4), elected(1_500, 3, 6)];
  const [failover] = failoversOf([band("crash", [1], 1_000)], events, () => null);
  expect(failover?.oldLeader).toBe(1);
});

test("termsWithTwoLeaders: names both, and takes no notice of one that says it twice", () => {
  expect(termsWithTwoLeaders([elected(1, 1, 1), elected(2, 1, 1), elected(3, 2, 2)])).toEqual([]);
  expect(termsWithTwoLeaders([elected(1, 1, 7), elected(2, 3, 7)])).toEqual([
    "nodes 1 and 3 both led term 7",
  ]);
});
