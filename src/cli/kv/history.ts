import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Lines that are kept; the file is cut to them when it is read. */
export const HISTORY_MAX = 1000;

/** Where the lines are kept that were entered; null: nowhere. `asked`: --history. */
export function historyFile(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const named = asked ?? env["ORDEAL_HISTORY"];
  if (named !== undefined) return named === "" ? null : named;
  const state = env["XDG_STATE_HOME"] || join(env["HOME"] || homedir(), ".local", "state");
  return join(state, "ordeal", "kv_history");
}

/** The newest first; none when there is no such file, or it cannot be read. */
export function readHistory(file: string | null): string[] {
  if (file === null) return [];
  try {
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const kept = lines.slice(-HISTORY_MAX);
    if (kept.length < lines.length) writeFileSync(file, `${kept.join("\n")}\n`, { mode: 0o600 });
    return kept.reverse();
  } catch {
    return [];
  }
}

/** Keeps one line more. False: the file cannot be written. Only its owner may read it: values may be secrets. */
export function addHistory(file: string | null, line: string): boolean {
  if (file === null || line.trim() === "") return true;
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}
