import { type Encoding, ENCODINGS } from "./encoding.ts";
import type { Request } from "./perform.ts";
import { cutWords, type Word } from "./words.ts";

/** What a line of the prompt asks for. */
export type Line =
  | { readonly kind: "nothing" }
  | { readonly kind: "quit" }
  | { readonly kind: "help" }
  | { readonly kind: "nodes" }
  | { readonly kind: "encoding"; readonly encoding: Encoding }
  | { readonly kind: "request"; readonly request: Request; readonly isKeysOnly: boolean }
  | { readonly kind: "problem"; readonly what: string };

const SCAN_LIMIT = 100;

/** Each command: its arguments, and what it does. */
const HELP: readonly (readonly [name: string, args: string, about: string])[] = [
  ["get", "KEY [--local]", "the value of a key"],
  ["put", "KEY VALUE [--version N]", "write it, at any version or at one only; 0: it is absent"],
  ["append", "KEY VALUE", "write behind what it has"],
  ["delete", "KEY", "remove it"],
  ["scan", "[PREFIX] [--from KEY] [--limit N] [--local]", "keys with their values, in order"],
  ["keys", "[PREFIX] [--from KEY] [--limit N] [--local]", "keys alone"],
  ["nodes", "", "the nodes of the cluster"],
  ["encoding", ENCODINGS.join("|"), "how bytes are shown"],
  ["help", "", "this"],
  ["quit", "", "end; so does Ctrl-D"],
];

export const COMMAND_NAMES: readonly string[] = HELP.map(([name]) => name);

/** Commands whose first argument is a key, or the beginning of one. */
export const TAKES_KEY: ReadonlySet<string> = new Set([
  "get",
  "put",
  "append",
  "delete",
  "scan",
  "keys",
]);

export function helpText(): string {
  const heads = HELP.map(([name, args]) => `${name} ${args}`.trimEnd());
  const width = Math.max(...heads.map(({ length }) => length));
  const lines = HELP.map(([, , about], i) => `  ${heads[i]!.padEnd(width)}  ${about}`);
  const words = `Words with spaces: 'a b', "a b" or a\\ b; \\n \\t \\xNN stand for bytes.`;
  return `${lines.join("\n")}\n${words} Tab completes commands and keys.`;
}

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  ...{ get: ["--local"], put: ["--version"] },
  ...{ scan: ["--from", "--limit", "--local"], keys: ["--from", "--limit", "--local"] },
};

export function parseLine(line: string): Line {
  const cut = cutWords(line.trim());
  if (cut.kind === "problem") return cut;
  const [first, ...rest] = cut.words;
  if (first === undefined || first.text.startsWith("#")) return { kind: "nothing" };
  const name = first.text === "del" ? "delete" : first.text === "exit" ? "quit" : first.text;
  if (!COMMAND_NAMES.includes(name)) return problem(`no such command: ${name}; help lists them`);
  const { words, flags, wrong } = sortOut(rest, FLAGS[name] ?? []);
  if (wrong !== undefined) return problem(wrong);
  const [least, most] = ARGUMENTS[name] ?? [0, 0];
  if (words.length < least || words.length > most) return problem(`usage: ${usageOf(name)}`);
  return meant(name, words, flags);
}

const ARGUMENTS: Readonly<Record<string, readonly [number, number]>> = {
  ...{ get: [1, 1], put: [2, 2], append: [2, 2], delete: [1, 1] },
  ...{ scan: [0, 1], keys: [0, 1], encoding: [1, 1] },
};
const usageOf = (name: string): string => `${name} ${HELP.find(([n]) => n === name)![1]}`;
const problem = (what: string): Line => ({ kind: "problem", what });

type Flags = ReadonlyMap<string, Word>;

function sortOut(rest: readonly Word[], known: readonly string[]) {
  const words: Word[] = [];
  const flags = new Map<string, Word>();
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (!known.includes(word.text)) words.push(word);
    else if (word.text === "--local") flags.set(word.text, word);
    else {
      const value = rest[++i];
      if (value === undefined) return { words, flags, wrong: `${word.text} needs a value` };
      flags.set(word.text, value);
    }
  }
  return { words, flags, wrong: undefined };
}

function meant(name: string, words: readonly Word[], flags: Flags): Line {
  const [first, second] = words;
  const local = flags.has("--local");
  switch (name) {
    case "get":
      return request({ kind: "get", key: first!.bytes, local });
    case "put": {
      const version = countOf(flags.get("--version"));
      if (version === null) return problem("--version takes a whole number from 0 on");
      return request({ kind: "put", key: first!.bytes, value: second!.bytes, version });
    }
    case "append":
      return request({ kind: "append", key: first!.bytes, value: second!.bytes });
    case "delete":
      return request({ kind: "delete", key: first!.bytes });
    case "scan":
    case "keys": {
      const limit = countOf(flags.get("--limit")) ?? (flags.has("--limit") ? 0 : SCAN_LIMIT);
      if (limit === 0) return problem("--limit takes a whole number from 1 on");
      const prefix = first?.bytes ?? new Uint8Array(0);
      const from = flags.get("--from")?.bytes;
      return request({ kind: "scan", prefix, from, limit, local }, name === "keys");
    }
    case "encoding": {
      const encoding = ENCODINGS.find((known) => known === first!.text);
      return encoding === undefined
        ? problem(`usage: ${usageOf(name)}`)
        : { kind: "encoding", encoding };
    }
    default:
      return { kind: name as "quit" | "help" | "nodes" };
  }
}

const request = (asked: Request, isKeysOnly = false): Line => ({
  kind: "request",
  request: asked,
  isKeysOnly,
});

/** Undefined: it is not given; null: it is no such number. */
function countOf(word: Word | undefined): number | undefined | null {
  if (word === undefined) return undefined;
  const count = /^\d{1,16}$/.test(word.text) ? Number(word.text) : NaN;
  return Number.isSafeInteger(count) ? count : null;
}
