import { expect, test } from "bun:test";
import { failoversByRole } from "./failover-roles.ts";
import type { FaultBand } from "./schema.ts";

const elected = (atUs: number, node: number, term: number) =>
  ({ kind: "becameLeader", atUs, node, term }) as const;
const band = (kind: string, fromUs: number, ...nodes: number[]): FaultBand => ({
  ...{ kind, label: `${kind} it`, nodes, fromUs, toUs: fromUs + 1 },
});
const failover = (
  fault: string,
  faultAtUs: number,
  electedMs: number,
  firstAckMs: number | null,
) => ({
  ...{ fault: `${fault} it`, faultAtUs, oldLeader: 1, newLeader: 2, electedMs, firstAckMs },
});

test("failovers by role: of the leader, of followers and of both, by who led when the fault came", () => {
  const faults = [
    band("pause", 5, 1),
    band("crash", 20, 1),
    band("crash", 40, 3),
    band("crash", 60, 2),
    band("isolate", 80, 2, 3),
  ];
  const events = [elected(10, 1, 1), elected(30, 2, 2), elected(70, 1, 1)];
  const failovers = [failover("crash", 20, 200, 250), failover("crash", 60, 300, null)];
  expect(failoversByRole({ faults, events }, failovers)).toEqual([
    {
      ...{ fault: "pause", role: "without a leader", hits: 1, failovers: 0 },
      ...{ elected: null, firstAck: null },
    },
    {
      ...{ fault: "crash", role: "leader", hits: 2, failovers: 2 },
      ...{ elected: { median: 200, worst: 300 }, firstAck: { median: 250, worst: 250 } },
    },
    {
      ...{ fault: "crash", role: "followers", hits: 1, failovers: 0 },
      ...{ elected: null, firstAck: null },
    },
    {
      ...{ fault: "isolate", role: "leader and followers", hits: 1, failovers: 0 },
      ...{ elected: null, firstAck: null },
    },
  ]);
});

test("failovers by role: a fault whose nodes came back one by one is one fault", () => {
  const faults = [band("crash", 20, 1, 2), { ...band("crash", 20, 3), toUs: 90 }];
  const rows = failoversByRole({ faults, events: [elected(1, 1, 1)] }, [
    failover("crash", 20, 200, 250),
  ]);
  expect(rows).toMatchObject([{ role: "leader and followers", hits: 1, failovers: 1 }]);
});
