import { UserError } from "../lib/user-error.ts";

/** Writes a file that a person asked for by a flag. Throws UserError when it cannot be written. */
export async function writeAsked(
  path: string,
  write: (path: string, text: string) => Promise<void>,
  text: string,
): Promise<void> {
  try {
    await write(path, text);
  } catch (error) {
    const what = (error as Error).message;
    const fix = "choose a file in a directory that exists and that you may write to";
    throw new UserError("cannot write the file", [{ where: path, what, fix }]);
  }
}
