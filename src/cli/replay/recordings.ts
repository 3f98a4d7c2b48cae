import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { type Replay, replayRecording } from "../../replica/replay.ts";
import { WireError } from "../../wire/bytes.ts";

export type FileReplay = Replay & { readonly file: string };

/** What a node or a run calls a recording. */
const RECORDING = /(^|\/)(recording|recordings\/node-\d+)\.bin$/;

/** The recordings at `path`: a file is one, a directory may hold some. Throws UserError. */
export async function recordingsIn(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    const fix = "give a recording, or the directory of a run";
    throw new UserError("nothing to replay", [{ where: path, what: "there is no such file", fix }]);
  }
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).map((name) => join(path, name));
  const recordings = names.filter((name) => RECORDING.test(name)).sort();
  if (recordings.length > 0) return recordings;
  const what = "no node of it recorded";
  const fix = "run it with --record: `ordeal chaos run NAME --record`";
  throw new UserError("nothing to replay", [{ where: path, what, fix }]);
}

/** Throws UserError for a file that is no recording, or a damaged one. */
export async function replayFile(file: string): Promise<FileReplay> {
  try {
    return { file, ...replayRecording(await Bun.file(file).bytes()) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const fix = "give a file that `ordeal node --record` of this version wrote";
    throw new UserError("cannot replay", [{ where: file, what: error.message, fix }]);
  }
}

export function replayLines({ file, inputs, starts, bytesCutShort, difference }: FileReplay) {
  const lives = starts === 1 ? "" : ` over ${starts} starts`;
  const cut = bytesCutShort > 0 ? `; its last ${bytesCutShort} bytes are cut short` : "";
  if (difference === null) return [`${file}: replays identically (${inputs} inputs${lives}${cut})`];
  const { input, start, now, after, core, recorded } = difference;
  return [
    `${file}: differs at input ${input} (start ${start}, ${now.toFixed(3)} ms)`,
    `  input     ${after}`,
    `  core      ${core}`,
    `  recorded  ${recorded}`,
  ];
}
