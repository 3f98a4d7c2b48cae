import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { ChunkWriter, readItems } from "../replica/recording.ts";
import { openRecordFile } from "./record-file.ts";

test("record file: a second start goes on where the last whole chunk ends", () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-record-"));
  try {
    const path = join(dir, "new", "recording.bin");
    const chunk = new ChunkWriter();
    chunk.ready(1);
    openRecordFile(path)(chunk.take());
    appendFileSync(path, new Uint8Array([9, 0, 0, 0, 1])); // Killed as it wrote.
    chunk.ready(2);
    const sink = openRecordFile(path);
    sink(chunk.take());
    chunk.ready(3);
    sink(chunk.take());
    expect([...readItems(readFileSync(path))]).toEqual(
      [1, 2, 3].map((hash) => ({ kind: "ready", hash })),
    );
    expect(() => openRecordFile(dir)).toThrow(UserError);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
