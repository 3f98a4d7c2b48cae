import type { Groups } from "../groups.ts";
import type { Machines } from "../machines.ts";
import type { NodeStatusReport } from "../node-status.ts";
import type { OpenStorage } from "../open-storage.ts";
import type { TcpTransport } from "../tcp-transport.ts";
import { GROUP_1 } from "../../lib/ids.ts";
import type { MetricsSource } from "./metrics-source.ts";
import type { NodeCounters } from "./node-counters.ts";

/** The parts of a node that its metrics tell of. */
export type MeasuredParts = {
  readonly status: () => NodeStatusReport;
  readonly counters: NodeCounters;
  readonly transport: TcpTransport;
  readonly groups: Groups;
  readonly opened: OpenStorage;
  readonly machines: Machines;
};

export function metricsSource(parts: MeasuredParts): MetricsSource {
  const { status, counters, transport, groups, opened, machines } = parts;
  return () => ({
    status: status(),
    counters,
    traffic: transport.traffic,
    details: groups.details(GROUP_1)!,
    unanswered: groups.host.unanswered,
    walPendingBytes: opened.storage.pendingBytes,
    state: machines.size(),
  });
}
