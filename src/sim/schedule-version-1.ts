/**
 * Version 1 of schedule files (before the simulated disks were those of real nodes) knew a log that
 * was durable write by write: a crash said which share of the writes under way was kept, and a disk
 * failed its next sync. What comes nearest stands in their place. The run is another one.
 */
export function fromVersion1(json: unknown): unknown {
  const before = isRecord(json) ? json["schedule"] : null;
  if (!isRecord(json) || !isRecord(before)) return json;
  const { config, actions } = before;
  if (!isRecord(config) || !Array.isArray(actions)) return json;
  const schedule = {
    ...before,
    version: 2,
    config: { ...config, segments: { first: 16_384, max: 65_536 }, syncNowBytesMax: 0 },
    actions: actions.map(actionOf),
  };
  return { ...json, schedule };
}

function actionOf(action: unknown): unknown {
  if (!isRecord(action)) return action;
  const { kind, keep, ...rest } = action;
  const { nodes, ...at } = rest;
  if (kind === "diskFail") {
    return { ...at, kind: "fault", fault: { kind: "diskError", nodes, operation: "sync" } };
  }
  if (kind !== "crash") return action;
  const keeps = keep === 0 ? "nothing" : "prefix";
  // All that was written is what a killed process leaves in the page cache.
  const fault = keep === 1 ? { kind: "crash", nodes } : { kind: "powerLoss", nodes, keeps };
  return { ...at, kind: "fault", fault };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
