import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { wireDocument } from "./wire-doc.ts";

test("wire document: docs/wire.md says what the code does", async () => {
  const root = `${import.meta.dir}/../../..`;
  const path = `${root}/docs/wire.md`;
  const text = await wireDocument(root);
  if (process.env["UPDATE"] === "1") writeFileSync(path, text);
  expect(await Bun.file(path).text()).toBe(text);
  for (const word of ["appendEntries", "versionMismatch", "u32   length", "magic"]) {
    expect(text).toContain(word);
  }
});
