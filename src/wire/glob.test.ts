import { expect, test } from "bun:test";
import { globMatches, globPrefix } from "./glob.ts";

const utf8 = new TextEncoder();
const matches = (pattern: string, text: string): boolean =>
  globMatches(utf8.encode(pattern), utf8.encode(text));

test("glob: stars, single bytes, sets, ranges, escapes", () => {
  const yes = [
    ["*", ""],
    ["*", "any"],
    ["user:*", "user:"],
    ["user:*", "user:7"],
    ["a*c*e", "abcde"],
    ["a**b", "ab"],
    ["?", "x"],
    ["h?llo", "hallo"],
    ["h[ae]llo", "hello"],
    ["h[^e]llo", "hallo"],
    ["[a-c]x", "bx"],
    ["[c-a]x", "bx"],
    ["\\*", "*"],
    ["[\\]]", "]"],
    ["[-a]", "-"],
    ["", ""],
    ["[ab", "a"],
  ] as const;
  const no = [
    ["", "a"],
    ["a", ""],
    ["user:*", "use"],
    ["?", ""],
    ["?", "xy"],
    ["h[^e]llo", "hello"],
    ["[a-c]", "d"],
    ["\\*", "x"],
    ["a*b", "abc"],
    ["[]", "a"],
    ["abc", "abcd"],
  ] as const;
  for (const [pattern, text] of yes)
    expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, true]);
  for (const [pattern, text] of no)
    expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, false]);
});

test("glob: many stars against a long text end after length × length steps", () => {
  expect(matches(`${"a*".repeat(1_000)}b`, "a".repeat(4_000))).toBe(false);
});

test("glob: the prefix is what comes before the first special byte", () => {
  const prefix = (pattern: string): string =>
    new TextDecoder().decode(globPrefix(utf8.encode(pattern)));
  expect(["user:*", "*", "a?c", "a[b]", "a\\*", "plain"].map(prefix)).toEqual([
    "user:",
    "",
    "a",
    "a",
    "a",
    "plain",
  ]);
});
