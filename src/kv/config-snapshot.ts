import { joinBytes } from "../lib/join-bytes.ts";
import { type SessionRecord, SessionTable } from "./session-table.ts";
import { decodeConfig, encodeConfig, type ShardConfig } from "./shard-config.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import type { SnapshotReader, SnapshotWriter } from "./state-machine.ts";

/**
 * The state of the shard controller as lines of JSON: how many configs and sessions follow, a line a
 * config from number 0 on, a line a session, oldest use first.
 */
const NEWLINE = 10;
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

export class ConfigReader implements SnapshotReader {
  #lines: Iterator<Uint8Array> | null;

  /** `configs` may be added to meanwhile. */
  constructor(configs: readonly ShardConfig[], sessions: SessionTable) {
    this.#lines = linesOf(configs, configs.length, sessions.frozen(), sessions.size);
  }

  next(bytesMax: number): Uint8Array | null {
    const lines: Uint8Array[] = [];
    let bytes = 0;
    while (this.#lines !== null && bytes < bytesMax) {
      const { done, value } = this.#lines.next();
      if (done === true) this.#lines = null;
      else bytes += lines[lines.push(value) - 1]!.length;
    }
    return lines.length === 0 ? null : joinBytes(lines);
  }

  close(): void {
    this.#lines = null;
  }
}

function* linesOf(
  configs: readonly ShardConfig[],
  configCount: number,
  sessions: Iterable<SessionRecord>,
  sessionCount: number,
): Generator<Uint8Array> {
  const line = (value: unknown): Uint8Array => utf8.encode(`${JSON.stringify(value)}\n`);
  yield line({ configs: configCount, sessions: sessionCount });
  for (let num = 0; num < configCount; num++) {
    yield encodeConfig(configs[num]!);
    yield utf8.encode("\n");
  }
  for (const session of sessions) yield line(session);
}

type Restored = (configs: ShardConfig[], sessions: SessionTable) => void;

export class ConfigWriter implements SnapshotWriter {
  readonly #shards: number;
  readonly #sessions: SessionTable;
  readonly #restored: Restored;
  readonly #configs: ShardConfig[] = [];
  #counts: { readonly configs: number; readonly sessions: number } | null = null;
  #partial: Uint8Array[] = [];

  constructor(shards: number, sessionsMax: number, restored: Restored) {
    this.#shards = shards;
    this.#sessions = new SessionTable(sessionsMax);
    this.#restored = restored;
  }

  write(bytes: Uint8Array): void {
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      this.#partial.push(bytes.subarray(from, to));
      this.#line(joinBytes(this.#partial));
      this.#partial = [];
      from = to + 1;
    }
    // A copy: the caller's bytes may change after the call.
    if (from < bytes.length) this.#partial.push(bytes.slice(from));
  }

  finish(): void {
    const { configs, sessions } = this.#counts ?? { configs: -1, sessions: -1 };
    const isWhole = this.#configs.length === configs && this.#sessions.size === sessions;
    if (!isWhole || this.#partial.length > 0) throw new SnapshotFormatError("it is cut short");
    this.#restored(this.#configs, this.#sessions);
  }

  #line(line: Uint8Array): void {
    if (this.#counts === null) this.#counts = countsOf(line);
    else if (this.#configs.length < this.#counts.configs) this.#config(line);
    else this.#session(line);
  }

  #config(line: Uint8Array): void {
    const config = decodeConfig(line);
    const isNext = config?.num === this.#configs.length && config.shards.length === this.#shards;
    if (config === null || !isNext)
      throw new SnapshotFormatError("a config is not as it should be");
    this.#configs.push(config);
  }

  #session(line: Uint8Array): void {
    const { id, seq, status, version, index } = parsed(line) as SessionRecord;
    const isSound = [id, seq, status, version, index].every(
      (value) => Number.isSafeInteger(value) && value >= 0,
    );
    if (!isSound || !this.#sessions.restore({ id, seq, status, version, index })) {
      throw new SnapshotFormatError("a session is not as it should be");
    }
  }
}

function countsOf(line: Uint8Array): { readonly configs: number; readonly sessions: number } {
  const { configs, sessions } = parsed(line) as { configs: number; sessions: number };
  if (!Number.isSafeInteger(configs) || configs < 1 || !Number.isSafeInteger(sessions)) {
    throw new SnapshotFormatError("it does not say how much it holds");
  }
  return { configs, sessions };
}

function parsed(line: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(text.decode(line));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new SnapshotFormatError("a line is no JSON object");
}
