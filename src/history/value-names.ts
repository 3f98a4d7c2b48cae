import { textHandle } from "./format.ts";
import type { Names } from "./op.ts";
import { TextNames } from "./text-names.ts";
import { ValueTable } from "./value-table.ts";

/**
 * Values by id, in order of first sight. Most are plain numbers, which need no text until a person
 * asks: `prefix` and the number is their name, and a text that reads so is the same value.
 */
export class ValueNames implements Names {
  readonly #prefix: string;
  readonly #table = new ValueTable();
  readonly #texts = new TextNames();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#table.size;
  }

  /** The id of a handle: a number ≥ 0 itself, or what handleOf gave for a text. */
  id(handle: number): number {
    return this.#table.id(handle);
  }

  idOfText(text: string): number {
    return this.#table.id(this.handleOf(text));
  }

  handleOf(text: string): number {
    const prefix = this.#prefix;
    if (text.startsWith(prefix) && /^(?:0|[1-9][0-9]{0,15})$/.test(text.slice(prefix.length))) {
      const number = Number(text.slice(prefix.length));
      if (Number.isSafeInteger(number)) return number;
    }
    return textHandle(this.#texts.id(text));
  }

  name(id: number): string {
    const handle = this.#table.handle(id);
    return handle >= 0 ? `${this.#prefix}${handle}` : this.#texts.name(textHandle(handle));
  }
}
