import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readSecretFile } from "./secret-file.ts";
import { UserError } from "../lib/user-error.ts";

/** A token is never on a command line, where every user of the machine could read it. */
export const TOKEN_VARIABLE = "ORDEAL_TOKEN";
const TOKEN_CHARS_MIN = 16;
const TOKEN_CHARS_MAX = 512;

/** 256 bits from the system's generator: it cannot be guessed, so that its hash needs no salt. */
export const newToken = (): string => randomBytes(32).toString("base64url");

/**
 * The tokens that a node takes, of which it keeps only hashes. Hashes of a fixed length are also what makes the
 * comparison tell nothing by its time, not even a length.
 */
export class TokenCheck {
  readonly #hashes: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#hashes = tokens.map(hash);
  }

  accepts(token: string): boolean {
    const given = hash(token);
    let isRight = false;
    for (const known of this.#hashes) if (timingSafeEqual(known, given)) isRight = true;
    return isRight;
  }
}

const hash = (token: string): Buffer => createHash("sha256").update(token, "utf8").digest();

/**
 * The tokens of a file, one a line; "#" begins a comment. Clients present the first; a node takes any of them, so that
 * one can be exchanged for another while both are in use. Throws UserError, which shows none of them.
 */
export function readTokens(path: string, where: string): readonly string[] {
  const lines = readSecretFile(path, where)
    .split("\n")
    .map((line) => line.trim());
  const tokens = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const bad = tokens.length === 0 ? "holds no token" : problemOf(tokens);
  if (bad === null) return tokens;
  const fix = "make one: ordeal certs token";
  throw new UserError("cannot use the tokens", [{ where: `${where} (${path})`, what: bad, fix }]);
}

/** The token of the environment; null: there is none. Throws UserError, which does not show it. */
export function tokenOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const token = env[TOKEN_VARIABLE];
  if (token === undefined || token === "") return null;
  const what = problemOf([token]);
  if (what === null) return token;
  const fix = "make one: ordeal certs token";
  throw new UserError("cannot use the token", [{ where: `$${TOKEN_VARIABLE}`, what, fix }]);
}

function problemOf(tokens: readonly string[]): string | null {
  const bad = tokens.find(
    (token) => token.length < TOKEN_CHARS_MIN || token.length > TOKEN_CHARS_MAX,
  );
  if (bad !== undefined) {
    return `a token has ${bad.length} characters, not ${TOKEN_CHARS_MIN} to ${TOKEN_CHARS_MAX}`;
  }
  // It must fit a header, a line and a command alike.
  return tokens.every((token) => /^[\x21-\x7e]+$/.test(token))
    ? null
    : "a token has characters that are not printable ASCII";
}
