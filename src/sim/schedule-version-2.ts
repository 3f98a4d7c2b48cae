/** What was an action of its own in version 2 of schedule files, and is a fault like others now. */
const FAULTS: ReadonlySet<unknown> = new Set([
  "wipe",
  "clockRate",
  "clockJump",
  "transfer",
  "snapshot",
]);

/**
 * Version 2 of schedule files (before real processes had such faults too) told them as actions. The
 * run is the same, but that `heal` lifts rates of clocks now.
 */
export function fromVersion2(json: unknown): unknown {
  const before = isRecord(json) ? json["schedule"] : null;
  if (!isRecord(json) || !isRecord(before)) return json;
  const { actions } = before;
  if (!Array.isArray(actions)) return json;
  return { ...json, schedule: { ...before, version: 3, actions: actions.map(actionOf) } };
}

function actionOf(action: unknown): unknown {
  if (!isRecord(action) || !FAULTS.has(action["kind"])) return action;
  const { atMs, ...fault } = action;
  return { atMs, kind: "fault", fault };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
