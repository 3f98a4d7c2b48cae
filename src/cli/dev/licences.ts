/**
 * What the packages that are installed, of all depths, may be licensed as: whoever passes Ordeal on, or builds
 * one program of it, only has to keep notices. Known from package-lock.json alone, for all platforms.
 */
export const PERMISSIVE: readonly string[] = [
  ...["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"],
  ...["Python-2.0", "Zlib"],
];

/** Packages with another one, each with the reason why it may stay. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  "axe-core":
    "MPL-2.0 asks for changes of its own files to be published; tests use it unchanged, and it is part of nothing that is passed on",
};

export type Package = {
  readonly name: string;
  readonly version: string;
  /** As SPDX has it; "none" when the lock file does not say. */
  readonly licence: string;
  /** Tests and tools need it, Ordeal does not. */
  readonly isDev: boolean;
};

type Lock = {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly license?: string; readonly dev?: boolean }>
  >;
};

/** All packages of a lock file, by name, then by version, each once. */
export function packagesIn(lock: Lock): readonly Package[] {
  const found = new Map<string, Package>();
  for (const [path, { version = "", license = "none", dev = false }] of Object.entries(
    lock.packages,
  )) {
    if (path === "") continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const key = `${name} ${version}`;
    const isDev = dev && (found.get(key)?.isDev ?? true);
    found.set(key, { name, version, licence: license, isDev });
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, it]) => it);
}

/** Packages that may not be installed. `A OR B` needs one that is permissive, `A AND B` both. */
export const notPermissive = (packages: readonly Package[]): readonly Package[] =>
  packages.filter(({ name, licence, isDev }) => {
    const isFree = licence
      .replaceAll(/[()]/g, "")
      .split(" OR ")
      .some((choice) => choice.split(" AND ").every((one) => PERMISSIVE.includes(one)));
    return !isFree && !(isDev && name in EXCEPTIONS);
  });

/** The table of docs/dependencies.md: a line a licence. */
export function licenceTable(packages: readonly Package[]): string {
  const licences = [...new Set(packages.map(({ licence }) => licence))].sort();
  const rows = licences.map((licence) => {
    const all = packages.filter((it) => it.licence === licence);
    const names = (isDev: boolean): string =>
      all
        .filter((it) => it.isDev === isDev)
        .map((it) => `${it.name} ${it.version}`)
        .join(", ");
    return [licence, names(false) || "none", names(true) || "none"];
  });
  const head = ["licence", "Ordeal needs", "tests and tools need"];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
