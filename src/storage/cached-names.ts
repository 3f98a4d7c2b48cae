import { assert } from "../lib/assert.ts";
import type { FileHandle, FilePort } from "./file-port.ts";
import { errorCode } from "./storage-error.ts";
import type { CachedFile } from "./cached-file.ts";

/** A change of a directory that its sync has not made durable yet. A rename is one change. */
export type NameChange = {
  readonly order: number;
  readonly dir: string;
  readonly file: CachedFile;
  /** Null: the file was created. */
  readonly from: string | null;
  /** Null: the file was unlinked. */
  readonly to: string | null;
  /** What had the name before a rename. */
  readonly replaced: CachedFile | null;
};

type NamePort = Pick<FilePort, "create" | "list" | "rename" | "unlink">;

/** What a new file is called on the base before its directory is synced: a start deletes it. */
const HIDDEN = /\.\d+\.unsynced$/;

export function dirOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The names of files as the page cache sees them: what the base has, and the changes since. */
export class CachedNames {
  readonly #base: NamePort;
  /** Files by path, as far as known; null: unlinked or renamed away. */
  readonly #files = new Map<string, CachedFile | null>();
  #changes: NameChange[] = [];
  readonly #entered = new Set<string>();
  #hiddenNext = 1;

  constructor(base: NamePort) {
    this.#base = base;
  }

  get changes(): readonly NameChange[] {
    return this.#changes;
  }

  /** The first use of a directory deletes what a life before left under hidden names. */
  enter(dir: string): void {
    if (this.#entered.has(dir)) return;
    this.#entered.add(dir);
    for (const name of this.#base.list(dir)) {
      if (HIDDEN.test(name)) this.#base.unlink(`${dir}/${name}`);
    }
  }

  list(dir: string): string[] {
    this.enter(dir);
    const paths = new Set<string>();
    for (const name of this.#base.list(dir)) {
      if (!HIDDEN.test(name)) paths.add(`${dir}/${name}`);
    }
    for (const [path, file] of this.#files) {
      if (file === null) paths.delete(path);
      else if (dirOf(path) === dir) paths.add(path);
    }
    return [...paths].map((path) => path.slice(dir.length + 1));
  }

  /** Undefined: only the base knows whether there is one. */
  get(path: string): CachedFile | null | undefined {
    return this.#files.get(path);
  }

  /** A file that the base has under this very name, and has open now. */
  found(path: string, handle: FileHandle): CachedFile {
    return this.#add(path, path, handle);
  }

  created(path: string, order: number): CachedFile {
    const basePath = `${path}.${this.#hiddenNext++}.unsynced`;
    const file = this.#add(path, basePath, this.#base.create(basePath));
    this.#changes.push({ order, dir: dirOf(path), file, from: null, to: path, replaced: null });
    return file;
  }

  renamed(file: CachedFile, from: string, to: string, order: number): void {
    const dir = dirOf(to);
    assert(dir === dirOf(from), "a file is renamed within its directory");
    const replaced = this.#files.get(to) ?? null;
    this.#files.set(from, null);
    this.#files.set(to, file);
    file.path = to;
    this.#changes.push({ order, dir, file, from, to, replaced });
  }

  unlinked(file: CachedFile, path: string, order: number): void {
    this.#files.set(path, null);
    this.#changes.push({ order, dir: dirOf(path), file, from: path, to: null, replaced: null });
  }

  /** Makes the names of a directory on the base what they are here; returns the files concerned. */
  sync(dir: string): CachedFile[] {
    const changes = this.#changes.filter((change) => change.dir === dir);
    this.#changes = this.#changes.filter((change) => change.dir !== dir);
    for (const change of changes) this.apply(change);
    return changes.flatMap(({ file, replaced }) => (replaced === null ? [file] : [file, replaced]));
  }

  /** Puts one change on the base; nothing where, with those before it lost, it means nothing. */
  apply({ file, from, to, replaced }: NameChange): void {
    try {
      if (to === null) this.#base.unlink(from!);
      else this.#base.rename(file.basePath, to);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
    if (to === null) file.isGone = true;
    else file.basePath = to;
    if (replaced !== null) replaced.isGone = true;
    if (from !== null && this.#files.get(from) === null) this.#files.delete(from);
  }

  /** After a loss of power: files whose creation was lost are gone. */
  forget(): void {
    for (const { file, from } of this.#changes) {
      if (from !== null || !HIDDEN.test(file.basePath)) continue;
      this.#base.unlink(file.basePath);
    }
    this.#changes = [];
  }

  #add(path: string, basePath: string, handle: FileHandle): CachedFile {
    const file: CachedFile = { path, basePath, opens: 0, handle, changes: [], isGone: false };
    this.#files.set(path, file);
    return file;
  }
}
