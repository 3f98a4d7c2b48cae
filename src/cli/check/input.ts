import { UserError } from "../../lib/user-error.ts";

/** How messages call what came by standard input. */
export const STDIN_NAME = "standard input";

/** The bytes of a file, or of standard input for "-". Throws UserError when it cannot be read. */
export async function bytesOf(file: string): Promise<Uint8Array> {
  if (file === "-") return await Bun.stdin.bytes();
  try {
    return await Bun.file(file).bytes();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const fix = "pass the path of a history that can be read, or - for standard input";
    throw new UserError("cannot read the history", [
      { where: file === "" ? "<file>" : file, what, fix },
    ]);
  }
}
