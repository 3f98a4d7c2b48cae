import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import pino from "pino";

/** The part of a pino logger that the runtime uses, so that tests can collect lines. */
export type Log = {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
};

/** Of lines that wait for a log that cannot be written; later ones are dropped. */
const WAITING_BYTES_MAX = 1 << 20;

/** `event` names what happened, for tools: "started", "becameLeader", "peerLost", … */
export type LogFields = { readonly event: string; readonly [field: string]: unknown };

/**
 * A pino log of JSON lines, appended to `file`. Every line is written before the call returns, so
 * that a killed process has logged all it saw; hence nothing on the data path logs. `time` is epoch
 * milliseconds with a fraction, which lines up with histories. Throws when the file cannot be opened; a
 * line that cannot be written, for want of space say, waits for the next one: it must not end a node.
 */
export function openLog(file: string, nodeId: number): Log {
  mkdirSync(dirname(file), { recursive: true });
  const destination = pino.destination({
    ...{ dest: file, sync: true, append: true },
    maxLength: WAITING_BYTES_MAX,
  });
  destination.on("error", () => {});
  return pino(
    {
      base: { node: nodeId, pid: process.pid },
      timestamp: () => `,"time":${(performance.timeOrigin + performance.now()).toFixed(3)}`,
    },
    destination,
  );
}
