import { unreachable } from "../lib/assert.ts";
import type { Raft, RaftInput, Ready } from "../raft/api.ts";
import { describeMessage } from "../raft/describe.ts";
import { createRaft } from "../raft/raft.ts";
import { WireError } from "../wire/bytes.ts";
import { coreRandom, readItems, ReadyHash, type RecordedItem, wholeBytes } from "./recording.ts";

export type Replay = {
  /** Times that the node started. */
  readonly starts: number;
  /** Inputs given to the core, up to and with the one of the difference. */
  readonly inputs: number;
  /** Bytes at the end that the node was killed over. */
  readonly bytesCutShort: number;
  /** null: the core does what the recording says, to the last Ready. */
  readonly difference: Difference | null;
};

/** The first input after which the core gave out something else than it did then. */
export type Difference = {
  /** From 1, over all starts; 0: before any. */
  readonly input: number;
  readonly start: number;
  readonly now: number;
  /** The input. */
  readonly after: string;
  /** What the core does now, and what the recording tells of then. */
  readonly core: string;
  readonly recorded: string;
};

/** What a replay goes through, in order. `wallMs`: as the node's clock then told it. */
export type ReplayEvent = { readonly wallMs: number } & (
  | { readonly kind: "start" }
  | { readonly kind: "input"; readonly input: RaftInput }
  | { readonly kind: "ready"; readonly ready: Ready }
);

/** A life of the node: one core, from a start to the next one. */
type Life = {
  readonly raft: Raft;
  readonly hash: ReadyHash;
  /** Of the node's clock to the wall clock. */
  readonly offsetMs: number;
};

/**
 * Gives a core the recorded inputs and compares what it gives out, Ready by Ready. Throws WireError
 * for bytes that are no recording or are damaged. `watch` hears of all that happens on the way.
 */
export function replayRecording(
  bytes: Uint8Array,
  watch: (event: ReplayEvent) => void = () => {},
): Replay {
  const bytesCutShort = bytes.length - wholeBytes(bytes);
  let life: Life | null = null;
  let starts = 0;
  let inputs = 0;
  let last: Extract<RecordedItem, { kind: "input" }> | null = null;
  /** What the core threw: the recorded one did too if its recording ends there. */
  let thrown: string | null = null;
  const end = (core: string | null, recorded = ""): Replay => {
    const after = last === null ? "the start" : describeInput(last.input);
    const at = { input: inputs, start: starts, now: last?.now ?? 0, after };
    const difference = core === null ? null : { ...at, core, recorded };
    return { starts, inputs, bytesCutShort, difference };
  };
  for (const item of readItems(bytes)) {
    if (life === null && item.kind !== "start")
      throw new WireError("it does not begin with a start");
    if (thrown !== null && item.kind !== "start") return end(thrown, "the node went on");
    thrown = null;
    switch (item.kind) {
      case "start": {
        const { config, seed, now, wallMs } = item;
        const raft = createRaft({ ...config, random: coreRandom(seed) }, now);
        life = { raft, hash: new ReadyHash(), offsetMs: wallMs - now };
        watch({ kind: "start", wallMs });
        starts++;
        last = null;
        break;
      }
      case "input":
        inputs++;
        last = item;
        watch({ kind: "input", wallMs: item.now + life!.offsetMs, input: item.input });
        thrown = attempt(() => life?.raft.step(item.input, item.now));
        break;
      case "ready": {
        const ready = life?.raft.takeReady() ?? null;
        const hash = ready === null ? null : life!.hash.add(ready);
        if (ready !== null) {
          watch({ kind: "ready", wallMs: (last?.now ?? 0) + life!.offsetMs, ready });
        }
        if (hash === item.hash) break;
        return end(describeReady(ready), item.hash === null ? "nothing" : `hash ${hex(item.hash)}`);
      }
      default:
        return unreachable(item);
    }
  }
  return end(null);
}

/** What `work` threw, in a line. */
function attempt(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return `the core failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function describeInput(input: RaftInput): string {
  if (input.kind === "message") return `message ${describeMessage(input.message)}`;
  const { kind, ...rest } = input;
  return `${kind} ${JSON.stringify(rest, shortened)}`;
}

function describeReady(ready: Ready | null): string {
  if (ready === null) return "nothing";
  const { messages, messagesAfterPersist, ...rest } = ready;
  const filled = Object.entries(rest).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== null,
  );
  const sent = [...messages, ...messagesAfterPersist].map(describeMessage);
  return `${JSON.stringify(Object.fromEntries(filled), shortened)} ${sent.join("; ")}`.trim();
}

const shortened = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array ? `${value.length} bytes` : value;

const hex = (hash: number): string => hash.toString(16).padStart(8, "0");
