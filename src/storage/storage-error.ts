import { type Problem, UserError } from "../lib/user-error.ts";

/** How the message begins, by which the parent of a node knows it. */
export const DAMAGED_DATA = "damaged data, not started";

/** Where stored bytes are not what was written. */
export type DamagePlace = {
  /** The file, or the directory when the damage is what is missing there. */
  readonly path: string;
  /** In bytes from the start of the file. */
  readonly offset?: number;
  /** Sequence number of the record that stands there, or should. */
  readonly record?: number;
};

/**
 * Stored bytes that are not what was written: the node must not start from them, and nothing was
 * changed. Like a UserError it is for a person to read, without a stack; unlike one it is nobody's
 * mistake (exit 70).
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly place: DamagePlace;
  readonly problem: Problem;

  constructor(what: string, place: DamagePlace) {
    const where = describePlace(place);
    const fix = fixFor(place.path);
    super(`${DAMAGED_DATA}\n  ${where}: ${what}\n    fix: ${fix}`);
    this.place = place;
    this.problem = { where, what, fix };
  }
}

export function describePlace({ path, offset, record }: DamagePlace): string {
  return (
    path +
    (offset === undefined ? "" : ` offset ${offset}`) +
    (record === undefined ? "" : ` record ${record}`)
  );
}

/** CLUSTER/node-N/… : the directory of a node in the layout of `ordeal cluster` and `ordeal node`. */
const NODE_DIR = /^(?:(.*)\/)?node-(\d+)(?=\/)/;

function fixFor(path: string): string {
  const [nodeDir = "DIR", clusterDir = ".", node = "N"] = NODE_DIR.exec(`${path}/`) ?? [];
  return (
    `\`ordeal wal verify ${nodeDir}\` says all that is damaged; keep a copy of the directory, then put a ` +
    `new node in the place of this one: \`ordeal cluster replace --dir ${clusterDir} --node ${node}\`. ` +
    "A majority of the other nodes still holds every acknowledged write"
  );
}

/** The code of a failed file operation, "" when it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

const UNUSABLE: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is not a directory",
  EEXIST: "it is not a directory",
  ENOSPC: "no space left on the device",
  EDQUOT: "over the disk quota",
  EMFILE: "too many open files",
};

/** Runs the start-up `work` on `dir`; failures that a person can put right become a UserError. */
export function usingDirectory<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const what = UNUSABLE[errorCode(error)];
    if (what === undefined) throw error;
    throw new UserError("cannot use the data directory", [
      { where: dir, what, fix: "choose a directory this user can write to, with space left" },
    ]);
  }
}
