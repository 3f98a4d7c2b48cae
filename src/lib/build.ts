/**
 * What a compiled binary was built of. Only its entry (cli/compiled.ts) says so, before anything asks;
 * a program that runs from its sources has none.
 */
export type Build = {
  /** The revision of the sources, as reports name it. */
  readonly code: { readonly commit: string; readonly dirty: boolean };
  /** Modules that are found by name at run time, by their path from the root: `chaos/bridge.ts`. */
  readonly modules: Readonly<Record<string, () => Promise<unknown>>>;
  /** Data that is read at run time: where each file is now, by its path from the root. */
  readonly files: Readonly<Record<string, string>>;
};

let build: Build | null = null;

export function setBuild(of: Build): void {
  build = of;
}

/** Null: this program runs from its sources. */
export const ownBuild = (): Build | null => build;
