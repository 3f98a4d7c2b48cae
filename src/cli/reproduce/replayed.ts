import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FileReplay, recordingsIn, replayFile } from "../replay/recordings.ts";

/** Whether the core does again what recorded nodes did. */
export type Replayed =
  | { readonly kind: "none" }
  | { readonly kind: "identical"; readonly recordings: number; readonly inputs: number }
  | { readonly kind: "differs"; readonly recordings: number; readonly first: FileReplay };

/** Replays the recordings of a run, if it has any. Throws UserError for a damaged one. */
export async function replayRun(dir: string): Promise<Replayed> {
  if (!existsSync(join(dir, "recordings"))) return { kind: "none" };
  const files = await recordingsIn(dir);
  let inputs = 0;
  for (const file of files) {
    const replay = await replayFile(file);
    if (replay.difference !== null) {
      return { kind: "differs", recordings: files.length, first: replay };
    }
    inputs += replay.inputs;
  }
  return { kind: "identical", recordings: files.length, inputs };
}
