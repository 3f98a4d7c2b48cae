import { rename, rm, writeFile } from "node:fs/promises";

let written = 0;

/** Writes a file that appears whole or not at all. Runs side by side may write the same one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${written++}`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // The first error is the one to tell.
    throw error;
  }
}
