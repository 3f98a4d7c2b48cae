import type { FuzzTarget } from "./target.ts";

/** Each loaded when it is asked for: they bring the parts of Ordeal that they try. */
const TARGETS = {
  wire: async () => (await import("./targets/wire.ts")).wire,
  resp: async () => (await import("./targets/resp.ts")).resp,
  json: async () => (await import("./targets/json.ts")).json,
  http: async () => (await import("./targets/http.ts")).openHttp(),
  wal: async () => (await import("./targets/wal.ts")).wal,
  snapshot: async () => (await import("./targets/snapshot.ts")).snapshot,
  history: async () => (await import("./targets/history.ts")).history,
  report: async () => (await import("./targets/report.ts")).report,
  config: async () => (await import("./targets/config.ts")).config,
} as const satisfies Record<string, () => Promise<FuzzTarget>>;

export type TargetName = keyof typeof TARGETS;
export const TARGET_NAMES = Object.keys(TARGETS) as readonly TargetName[];

export const openTarget = (name: TargetName): Promise<FuzzTarget> => TARGETS[name]();
