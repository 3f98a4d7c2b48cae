import { expect, test } from "bun:test";
import { shown } from "./encoding.ts";
import { asWord, cutWords } from "./words.ts";

const texts = (line: string): readonly string[] | string => {
  const cut = cutWords(line);
  return cut.kind === "problem" ? cut.what : cut.words.map(({ text }) => text);
};

test("words: spaces part them, quotes and \\ keep them together", () => {
  expect(texts("  put  a b ")).toEqual(["put", "a", "b"]);
  expect(texts(`put 'a b' "c d" e\\ f g'h'"i"`)).toEqual(["put", "a b", "c d", "e f", "ghi"]);
  expect(texts("put k ''")).toEqual(["put", "k", ""]);
  expect(texts(`'a\\n' "a\\n" a\\x41\\\\ \\"😀\\😀`)).toEqual(["a\\n", "a\n", "aA\\", '"😀😀']);
  expect(texts("a 'b")).toBe("a ' that does not end");
  expect(texts("a\\")).toBe("a \\ with nothing behind it");
});

test("words: any key, as it is shown and completed, is read as the same bytes", () => {
  const keys = [
    ...[
      [0, 255, 39, 34, 92, 32, 10],
      [0xc3, 0x28],
    ].map((bytes) => Uint8Array.from(bytes)),
    ...["a b", "x\\y", "\u0085\u200b\u001b[31m", "größe 😀", "'\"'"].map((t) =>
      new TextEncoder().encode(t),
    ),
  ];
  for (const key of keys) {
    const cut = cutWords(asWord(shown(key, "text")));
    expect(cut.kind === "words" && cut.words.map(({ bytes }) => bytes)).toEqual([key]);
  }
});
