import type { ClusterEvent } from "./target.ts";

const KINDS: ReadonlySet<string> = new Set<ClusterEvent["kind"]>([
  "started",
  "becameLeader",
  "steppedDown",
  "termChanged",
  "snapshotInstalled",
]);

/** Follows the log of one node: lines, appended to over all lives of the node. */
export class EventLog {
  readonly #path: string;
  readonly #node: number;
  readonly #sinceUs: number;
  readonly #parse: typeof parseEvent;
  readonly #events: ClusterEvent[] = [];
  #offset = 0;

  /**
   * Events before `sinceUs` (microseconds since the Unix epoch) are of another run. `parse` gives the
   * event that a line tells of, or null; default: of Ordeal's own log.
   */
  constructor(path: string, node: number, sinceUs: number, parse = parseEvent) {
    this.#path = path;
    this.#node = node;
    this.#sinceUs = sinceUs;
    this.#parse = parse;
  }

  /** Reads what has been added and returns all events so far. */
  async read(): Promise<readonly ClusterEvent[]> {
    const file = Bun.file(this.#path);
    if (!(await file.exists())) return this.#events;
    const bytes = await file.slice(this.#offset).bytes();
    const end = bytes.lastIndexOf(0x0a) + 1; // The rest of the last line is still to come.
    this.#offset += end;
    for (const line of new TextDecoder().decode(bytes.subarray(0, end)).split("\n")) {
      const event = this.#parse(line, this.#node);
      if (event !== null && event.atUs >= this.#sinceUs) this.#events.push(event);
    }
    return this.#events;
  }
}

/** The event that a log line tells of; null for any other line, or one that a crash cut short. */
export function parseEvent(line: string, node: number): ClusterEvent | null {
  if (!line.includes('"event"')) return null;
  let fields: {
    readonly time?: unknown;
    readonly event?: unknown;
    readonly term?: unknown;
    /** Of another group than group 1. */
    readonly group?: unknown;
    readonly recovered?: { readonly tornBytes?: unknown };
  };
  try {
    fields = JSON.parse(line) as typeof fields;
  } catch {
    return null;
  }
  const { time, event, term, recovered } = fields;
  if (typeof time !== "number" || typeof event !== "string" || typeof term !== "number")
    return null;
  if (!KINDS.has(event)) return null;
  const found = {
    ...{ atUs: time * 1000, node, kind: event as ClusterEvent["kind"], term },
    ...(typeof fields.group === "number" && { group: fields.group }),
  };
  const tornBytes = recovered?.tornBytes;
  return typeof tornBytes === "number" && tornBytes > 0 ? { ...found, tornBytes } : found;
}
