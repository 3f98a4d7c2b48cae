import { crc32 } from "../../lib/crc32.ts";
import { readCommand } from "../../kv/command.ts";
import { violated } from "../violation.ts";

type Row = { readonly index: number; readonly crc: number; readonly value: string };

const decoder = new TextDecoder();

/**
 * What the servers applied. Whoever applies a command first fixes its place; from then on every
 * server, at every apply, must have the same command at that index, and leave none before it out
 * but what a snapshot gave it.
 */
export class AppliedLog {
  readonly #rows: Row[] = [];
  readonly #rowAt = new Map<number, Row>();
  /** By node: how many of the rows it has passed since it started. */
  readonly #passed: number[] = [];
  /** By node: the last index that it passed without applying it, not yet accounted for. */
  readonly #skipped: number[] = [];

  /** How many different commands have been applied. */
  get count(): number {
    return this.#rows.length;
  }

  onStart(node: number): void {
    this.#passed[node] = 0;
    this.#skipped[node] = 0;
  }

  onApply(node: number, index: number, command: Uint8Array): void {
    const crc = crc32(command);
    let at = this.#passed[node] ?? 0;
    while (at < this.#rows.length && this.#rows[at]!.index < index) {
      this.#skipped[node] = this.#rows[at++]!.index;
    }
    this.#passed[node] = at + 1;
    const row = this.#rows[at];
    if (row === undefined) {
      const added = { index, crc, value: valueOf(command) };
      this.#rows.push(added);
      this.#rowAt.set(index, added);
    } else if (row.index !== index || row.crc !== crc) {
      const other = `${row.value} at index ${row.index}`;
      violated("SMS", `node ${node} applies ${valueOf(command)} at index ${index}, not ${other}`);
    }
  }

  /** The node's turn has ended: what it left out must be in its snapshot. */
  onTurn(node: number, snapshotIndex: number): void {
    const skipped = this.#skipped[node] ?? 0;
    if (skipped === 0) return;
    if (skipped > snapshotIndex) {
      violated("ORD", `node ${node} leaves out index ${skipped}; its snapshot ends before it`);
    }
    this.#skipped[node] = 0;
  }

  /** The value applied at an index; null: none has been. */
  valueAt(index: number): string | null {
    return this.#rowAt.get(index)?.value ?? null;
  }

  /** Which command it was, from 1: the labs number these, and know no no-op. */
  numberOf(index: number): number {
    return this.#rows.findIndex((row) => row.index === index) + 1;
  }

  /** All values, in order. */
  values(): readonly string[] {
    return this.#rows.map((row) => row.value);
  }
}

function valueOf(command: Uint8Array): string {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
  return decoder.decode(readCommand(command, view, 0).value);
}
