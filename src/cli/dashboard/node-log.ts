import type { NewEvent } from "../../dashboard/live/host.ts";
import { parseEvent } from "../../target/local-events.ts";
import type { ClusterEvent } from "../../target/target.ts";

/** What was written while nobody watched is read back so far. */
const BYTES_MAX = 256 << 10;

/** Follows the log of one node. Unlike EventLog it remembers nothing but how far it is. */
export class NodeLog {
  readonly #path: string;
  readonly #node: number;
  #offset: number | null = null;

  constructor(path: string, node: number) {
    this.#path = path;
    this.#node = node;
  }

  /** The events that were added since the last call; at the first one, the last of those before. */
  async added(): Promise<readonly ClusterEvent[]> {
    const file = Bun.file(this.#path);
    const { size } = file;
    if (size === 0) return [];
    const from = Math.max(this.#offset ?? 0, size - BYTES_MAX);
    if (size <= from) {
      this.#offset = size; // Cut shorter: another run began.
      return [];
    }
    const bytes = await Bun.file(this.#path).slice(from, size).bytes();
    const end = bytes.lastIndexOf(0x0a) + 1; // The rest of the last line is still to come.
    this.#offset = from + end;
    return new TextDecoder()
      .decode(bytes.subarray(0, end))
      .split("\n")
      .flatMap((line) => parseEvent(line, this.#node) ?? []);
  }
}

/** In words; null: of no interest to somebody who watches. */
export function nodeEvent({
  atUs,
  node,
  kind,
  term,
  group,
  tornBytes,
}: ClusterEvent): NewEvent | null {
  const at = { atMs: atUs / 1000, by: null };
  const of = group === undefined ? "" : ` of group ${group}`;
  switch (kind) {
    case "becameLeader":
      return { ...at, kind: "election", text: `node ${node} leads term ${term}${of}` };
    case "steppedDown":
      return { ...at, kind: "election", text: `node ${node} stepped down${of}, term ${term}` };
    case "started": {
      const torn = tornBytes === undefined ? "" : `, cut ${tornBytes} bytes of a torn tail`;
      return { ...at, kind: "node", text: `node ${node} started in term ${term}${torn}` };
    }
    case "snapshotInstalled":
      return { ...at, kind: "node", text: `node ${node} installed a snapshot${of}` };
    default:
      return null;
  }
}
