import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FilePort } from "../storage/file-port.ts";

/** Writes a small file as one line of JSON, durably: afterwards it holds all of it, or is what it was before. */
export function writeSmallFile(port: FilePort, dir: string, name: string, content: unknown): void {
  mkdirSync(dir, { recursive: true });
  const unfinished = join(dir, `${name}.new`);
  if (existsSync(unfinished)) port.unlink(unfinished);
  const bytes = new TextEncoder().encode(`${JSON.stringify(content)}\n`);
  const file = port.create(unfinished);
  port.write(file, bytes, 0, bytes.length, 0);
  port.syncNow(file);
  port.close(file);
  port.rename(unfinished, join(dir, name));
  port.syncDirNow(dir);
}
