import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { UserError } from "../lib/user-error.ts";

const PARSERS = {
  ".json": { name: "JSON", parse: JSON.parse },
  ".yaml": { name: "YAML", parse: Bun.YAML.parse },
  ".yml": { name: "YAML", parse: Bun.YAML.parse },
  ".toml": { name: "TOML", parse: Bun.TOML.parse },
} as const;
/** What a document is written in, as the extension of its file. */
export type DocumentFormat = keyof typeof PARSERS;

/**
 * The document in a file that a person wrote: YAML, TOML or JSON, told by the extension; JSON without
 * one. `subject` is what the error says cannot be done. Throws UserError.
 */
export function readDocument(path: string, subject: string): unknown {
  const extension = extname(path).toLowerCase();
  const format = Object.hasOwn(PARSERS, extension) ? (extension as DocumentFormat) : ".json";
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const fix = "give the path of a readable file";
    throw new UserError(subject, [{ where: path, what: (error as Error).message, fix }]);
  }
  return parseText(text, format, path, subject);
}

/** The document that a text is; `where` names where it is from. Throws UserError. */
export function parseText(
  text: string,
  format: DocumentFormat,
  where: string,
  subject: string,
): unknown {
  const parser = PARSERS[format];
  try {
    return parser.parse(text) as unknown;
  } catch (error) {
    const fix = `make it one valid ${parser.name} document`;
    throw new UserError(subject, [{ where, what: (error as Error).message, fix }]);
  }
}
