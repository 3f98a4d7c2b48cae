import { crc32 } from "../lib/crc32.ts";
import { Prng } from "../lib/prng.ts";
import { chunksOf } from "./mutate.ts";
import { expect } from "./target.ts";

/** What a reader of a stream made of it; equal texts are equal readings. */
export type Reading = { readonly text: string; readonly outcome: string };

/** Reads the input whole and cut into chunks, which must make no difference, and gives the outcome. */
export function cutAnywhere(
  input: Uint8Array,
  read: (chunks: Iterable<Uint8Array>) => Reading,
): string {
  const whole = read([input]);
  const cut = read(chunksOf(input, new Prng(crc32(input))));
  expect(
    whole.text === cut.text,
    `cut into chunks it reads as ${cut.text}, whole as ${whole.text}`,
  );
  return whole.outcome;
}
