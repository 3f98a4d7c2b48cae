import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { UserError } from "../lib/user-error.ts";

const PARSERS: Readonly<
  Record<string, { readonly name: string; parse(text: string): unknown } | undefined>
> = {
  ".json": { name: "JSON", parse: JSON.parse },
  ".yaml": { name: "YAML", parse: Bun.YAML.parse },
  ".yml": { name: "YAML", parse: Bun.YAML.parse },
  ".toml": { name: "TOML", parse: Bun.TOML.parse },
};

/**
 * The document in a file that a person wrote: YAML, TOML or JSON, told by the extension; JSON without
 * one. `subject` is what the error says cannot be done. Throws UserError.
 */
export function readDocument(path: string, subject: string): unknown {
  const parser = PARSERS[extname(path).toLowerCase()] ?? PARSERS[".json"]!;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const fix = "give the path of a readable file";
    throw new UserError(subject, [{ where: path, what: (error as Error).message, fix }]);
  }
  try {
    return parser.parse(text);
  } catch (error) {
    const fix = `make it one valid ${parser.name} document`;
    throw new UserError(subject, [{ where: path, what: (error as Error).message, fix }]);
  }
}
