import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "bun:test";

/** `text` must be what is stored at `path`; `UPDATE=1 bun test` stores it: read the diff before you commit it. */
export function expectStored(path: string, text: string): void {
  if (process.env["UPDATE"] === "1") writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
}
