import fs from "node:fs";
import type { ReadPort } from "../storage/inspect.ts";
import { diskPort } from "./disk.ts";

/** The real disk for tools that only look: there is nothing here that could change it. */
export function readOnlyDisk(): ReadPort {
  const { list, read, readAt, close } = diskPort();
  return { list, read, readAt, close, open: (path) => fs.openSync(path, "r") };
}
