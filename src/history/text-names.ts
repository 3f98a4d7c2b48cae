import type { Names } from "./op.ts";

/** Texts by number, in order of first sight. */
export class TextNames implements Names {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();

  get size(): number {
    return this.#names.length;
  }

  /** The number of a text, new if it was never seen. */
  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#names.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }

  name(id: number): string {
    return this.#names[id]!;
  }
}
