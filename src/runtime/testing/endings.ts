import { afterEach } from "bun:test";
import { tempDir } from "./cluster.ts";

/** What the tests of a file begin and must end: after each of them, in the order in which it was begun. */
export function endings(): {
  readonly ended: (() => Promise<void> | void)[];
  /** A directory that goes with the test. */
  readonly newDir: () => string;
} {
  const ended: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0)) await end();
  });
  const newDir = (): string => {
    const dir = tempDir();
    ended.push(() => dir.remove());
    return dir.path;
  };
  return { ended, newDir };
}
