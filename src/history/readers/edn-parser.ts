import { quote, unreadable } from "./problem.ts";

/**
 * A value of EDN (github.com/edn-format/edn): nil is null; keywords and symbols are JavaScript
 * symbols with their text (`Symbol.for(":ok")`); lists, vectors and sets are arrays.
 */
export type Edn = null | boolean | number | string | symbol | readonly Edn[] | EdnMap;
export type EdnMap = ReadonlyMap<Edn, Edn>;

const FIX = "the file must be EDN: one map an operation, or one vector of them";
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", '"': '"', "\\": "\\" },
};
const CHARACTERS: Readonly<Record<string, string>> = {
  ...{ newline: "\n", space: " ", tab: "\t", return: "\r", formfeed: "\f", backspace: "\b" },
};
const SPACE = 32;
const COMMA = 44;
const ATOM = /[^\s,()[\]{}";]+/y;
const INTEGER = /^[+-]?\d+N?$/;
const FLOAT = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?$/;
const DEPTH_MAX = 500;

/** Control characters count too; the end of the text, NaN, does not. */
const isBlank = (code: number): boolean => code <= SPACE || code === COMMA;

/** Reads EDN from a text, one form at a time. Throws Unreadable; `at` then says where. */
export class EdnParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next form begins, or what was wrong stands. */
  get at(): number {
    return this.#at;
  }

  /** Skips blanks, commas, comments and discarded forms; the character after them, "" at the end. */
  peek(): string {
    for (;;) {
      while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
      const next = this.#text[this.#at] ?? "";
      if (next === ";") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end + 1;
      } else if (next === "#" && this.#text[this.#at + 1] === "_") {
        this.#at += 2;
        this.form();
      } else {
        return next;
      }
    }
  }

  /** Goes past the character that `peek` gave. */
  passOver(): void {
    this.#at++;
  }

  /** The next form. */
  form(): Edn {
    if (++this.#depth > DEPTH_MAX) unreadable(`more than ${DEPTH_MAX} levels of nesting`, FIX);
    const form = this.#form();
    this.#depth--;
    return form;
  }

  #form(): Edn {
    const first = this.peek();
    switch (first) {
      case "":
        return unreadable("the file ends within an operation", "record it again, or cut its rest");
      case '"':
        return this.#string();
      case "(":
      case "[":
        this.#at++;
        return this.#until(CLOSING[first]!);
      case "{":
        this.#at++;
        return this.#map();
      case "#":
        return this.#dispatch();
      case "^": // Metadata says nothing about the value.
        this.#at++;
        this.form();
        return this.form();
      case "\\":
        return this.#character();
      case ")":
      case "]":
      case "}":
        return unreadable(`"${first}" closes what nobody opened`, FIX);
      default:
        return this.#atom();
    }
  }

  #until(closing: string): Edn[] {
    const items: Edn[] = [];
    while (this.peek() !== closing) items.push(this.form());
    this.#at++;
    return items;
  }

  #map(): EdnMap {
    const from = this.#at;
    const items = this.#until("}");
    const map = new Map<Edn, Edn>();
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1] ?? null);
    if (items.length % 2 === 0 && map.size * 2 === items.length) return map;
    this.#at = from;
    return unreadable("a map with a key twice or without a value", FIX);
  }

  /** `#{…}` is a set; `#tag form` is taken for the form: records are maps, instants are texts. */
  #dispatch(): Edn {
    this.#at++;
    const next = this.#text[this.#at];
    if (next === "{") {
      this.#at++;
      return this.#until("}");
    }
    if (next === '"') return this.#string();
    const tag = this.#token(); // With ##Inf and ##NaN it is the value itself.
    return tag.startsWith("#") ? Symbol.for(`#${tag}`) : this.form();
  }

  #string(): string {
    const from = ++this.#at;
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === '"') break;
      if (char === "\\") this.#at++;
      if (char === undefined || this.#at > this.#text.length) {
        this.#at = from - 1;
        unreadable("a string that does not end", 'close it with "');
      }
    }
    const raw = this.#text.slice(from, this.#at - 1);
    if (!raw.includes("\\")) return raw;
    return raw.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, code?: string, char = "") =>
      code === undefined
        ? (ESCAPES[char] ?? unreadable(`"\\${char}" is no escape`, FIX))
        : String.fromCharCode(Number.parseInt(code, 16)),
    );
  }

  #character(): string {
    const from = ++this.#at;
    this.#at++; // The first may be any, a bracket too.
    ATOM.lastIndex = this.#at;
    if (/\w/.test(this.#text[from] ?? "") && ATOM.test(this.#text)) this.#at = ATOM.lastIndex;
    const name = this.#text.slice(from, this.#at);
    return CHARACTERS[name] ?? name;
  }

  #atom(): Edn {
    const text = this.#token();
    switch (text) {
      case "nil":
        return null;
      case "true":
        return true;
      case "false":
        return false;
    }
    return (/^[\d+-]/.test(text) ? numberOf(text) : null) ?? Symbol.for(text);
  }

  #token(): string {
    ATOM.lastIndex = this.#at;
    const match = ATOM.exec(this.#text);
    if (match === null) return unreadable(`"${this.#text[this.#at] ?? ""}" begins no value`, FIX);
    this.#at = ATOM.lastIndex;
    return match[0];
  }
}

/** Whole numbers that a JavaScript number cannot hold stay texts: two of them may not become one. */
function numberOf(text: string): number | symbol | null {
  if (INTEGER.test(text)) {
    const number = Number(text.replace("N", ""));
    return Number.isSafeInteger(number) ? number : Symbol.for(text.replace("N", ""));
  }
  return FLOAT.test(text) ? Number(text.replace("M", "")) : null;
}

/** A value as its text; of a string, what it holds. */
export function ednText(value: Edn): string {
  if (value === null) return "nil";
  if (typeof value === "symbol") return value.description ?? "";
  if (value instanceof Map) {
    return `{${[...value].map(([k, v]) => `${ednText(k)} ${ednText(v)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(ednText).join(" ")}]`;
  return String(value);
}

/** A value for a message. */
export const ednQuote = (value: Edn | undefined): string =>
  value === undefined
    ? "nothing"
    : quote(typeof value === "string" ? `"${value}"` : ednText(value));
