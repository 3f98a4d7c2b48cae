import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { RecordSink } from "../replica/record.ts";
import { CHUNK_HEADER_BYTES } from "../replica/recording.ts";

/**
 * A file that recordings are appended to, start after start. What a kill left unfinished at its end
 * goes first. Written without fsync: it survives the process, not the machine. Throws UserError.
 */
export function openRecordFile(path: string): RecordSink {
  const fd = open(path);
  let at = endOfWhole(fd);
  ftruncateSync(fd, at);
  return (chunk) => {
    for (let done = 0; done < chunk.length;) {
      const written = writeSync(fd, chunk, done, chunk.length - done, at);
      done += written;
      at += written;
    }
  };
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, "a+");
    // Appending ignores positions, and we may have to take back an unfinished chunk first.
    closeSync(fd);
    return openSync(path, "r+");
  } catch (error) {
    const what = (error as Error).message;
    const fix = "give a file in a directory that this user may write to";
    throw new UserError("cannot record", [{ where: path, what, fix }]);
  }
}

/** Where the last whole chunk ends; goes from header to header. */
function endOfWhole(fd: number): number {
  const { size } = fstatSync(fd);
  const header = new Uint8Array(CHUNK_HEADER_BYTES);
  const view = new DataView(header.buffer);
  let at = 0;
  while (readSync(fd, header, 0, CHUNK_HEADER_BYTES, at) === CHUNK_HEADER_BYTES) {
    const end = at + CHUNK_HEADER_BYTES + view.getUint32(0, true);
    if (end > size) break;
    at = end;
  }
  return at;
}
