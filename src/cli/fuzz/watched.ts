import { existsSync, readFileSync } from "node:fs";
import type { Finding } from "../../fuzz/engine.ts";
import type { BytesMessage } from "./bytes-worker.ts";

/** Until its first line a process only starts. */
const START_MS = 60_000;

export type Watched = {
  readonly command: readonly string[];
  /** Where the process keeps the input at hand. */
  readonly slot: string;
  /** Without a line for so long it hangs, and is ended. */
  readonly hangMs: number;
  readonly onMessage: (message: BytesMessage) => void;
};

/**
 * Runs a fuzzing process to its end. What it does not survive, or does not come back from, is a finding, with the
 * input that it was at; null: it ended well.
 */
export async function runWatched({
  command,
  slot,
  hangMs,
  onMessage,
}: Watched): Promise<Finding | null> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => child.kill("SIGKILL");
  process.once("exit", stop);
  let hangs = false;
  let hasEnded = false;
  const hang = (): void => {
    hangs = true;
    stop();
  };
  let timer = setTimeout(hang, hangMs + START_MS);
  const errors = child.stderr.text();
  try {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      clearTimeout(timer);
      timer = setTimeout(hang, hangMs);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const message = JSON.parse(line) as BytesMessage;
        hasEnded ||= message.kind === "end";
        onMessage(message);
      }
    }
    const code = await child.exited;
    if (hasEnded && code === 0) return null;
    const input = inputIn(slot);
    if (hangs) return { kind: "hang", what: `no end within ${hangMs} ms`, input };
    const last = (await errors).trim().split("\n").slice(-3).join(" | ");
    return {
      kind: "crash",
      what: `the process ended with ${child.signalCode ?? `code ${code}`}: ${last}`,
      input,
    };
  } finally {
    clearTimeout(timer);
    stop();
    process.removeListener("exit", stop);
  }
}

/** The input at hand; none when the process did not come to any. */
function inputIn(slot: string): Uint8Array {
  if (!existsSync(slot)) return new Uint8Array(0);
  const bytes = readFileSync(slot);
  return bytes.length < 4
    ? new Uint8Array(0)
    : new Uint8Array(bytes.subarray(4, 4 + bytes.readUInt32LE(0)));
}
