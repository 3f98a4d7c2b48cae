import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { UserError } from "../lib/user-error.ts";

const OTHERS = 0o077;
const GROUP_READS = 0o040;

/**
 * Reads a file that only its owner may read. Root's may also be read by its group, for that is how Kubernetes and
 * systemd hand secrets to a service of another user. Throws UserError.
 */
export function readSecretFile(path: string, where: string): string {
  const at = `${where} (${path})`;
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    const { mode, uid } = fstatSync(file);
    const tooOpen = mode & OTHERS & ~(uid === 0 ? GROUP_READS : 0);
    if (tooOpen !== 0) {
      const what = `is open to others (mode ${(mode & 0o777).toString(8)})`;
      throw new UserError("cannot use the secret", [{ where: at, what, fix: `chmod 600 ${path}` }]);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const what = (error as Error).message;
    const fix = "give a file that this user can read";
    throw new UserError("cannot read the secret", [{ where: at, what, fix }]);
  } finally {
    if (file !== null) closeSync(file);
  }
}
