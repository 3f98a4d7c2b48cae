/**
 * Which lines the tests ran, by folder, of what `bun test --coverage` writes (lcov, the processes of
 * `--parallel` merged). L0–L2 must reach LINES_LEAST, each folder by itself; the others are only told,
 * since much of them runs in processes that tests start, which nobody counts.
 */

/** The layers that are pure: whatever does not run there was not tested. */
export const GATED: readonly string[] = [
  ...["src/lib", "src/raft", "src/kv", "src/fault", "src/wire", "src/storage"],
  ...["src/replica", "src/client", "src/history", "src/check"],
];
/** Of the lines of a gated folder. */
export const LINES_LEAST = 0.9;

export type Lines = { readonly run: number; readonly all: number };
export type FolderLines = Lines & { readonly folder: string };

/** Lines by file, of an lcov document. Throws when it says nothing: a run without coverage. */
export function readLcov(text: string): ReadonlyMap<string, Lines> {
  const files = new Map<string, Lines>();
  let file = "";
  let run = 0;
  let all = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("SF:")) {
      file = line.slice("SF:".length);
      run = all = 0;
    } else if (line.startsWith("DA:")) {
      all++;
      if (Number(line.split(",")[1]) > 0) run++;
    } else if (line === "end_of_record") {
      files.set(file, { run, all });
    }
  }
  if (files.size === 0) throw new Error("the coverage names no file");
  return files;
}

/** Tests, and what only tests use, need no tests. */
export const isTested = (path: string): boolean =>
  !/\.test\.ts$|\/testing\/|\/testdata\//.test(path);

/**
 * Sums by folder of src, gated ones first. `sources`: the lines of code of every file, loaded or not; one that
 * no test loaded counts as all missed.
 */
export function byFolder(
  files: ReadonlyMap<string, Lines>,
  sources: ReadonlyMap<string, number>,
): readonly FolderLines[] {
  const sums = new Map<string, { run: number; all: number }>(
    GATED.map((folder) => [folder, { run: 0, all: 0 }]),
  );
  for (const [path, code] of sources) {
    if (!isTested(path)) continue;
    const folder = path.split("/").slice(0, 2).join("/");
    const { run, all } = files.get(path) ?? { run: 0, all: code };
    const sum = sums.get(folder) ?? { run: 0, all: 0 };
    sums.set(folder, { run: sum.run + run, all: sum.all + all });
  }
  return [...sums].map(([folder, lines]) => ({ folder, ...lines }));
}

/** Gated folders whose tests run too little of them. One without a line fails: the paths are wrong. */
export const tooLow = (folders: readonly FolderLines[]): readonly FolderLines[] =>
  folders.filter((it) => GATED.includes(it.folder) && !(it.run / it.all >= LINES_LEAST));

/** A line a folder. */
export function coverageTable(folders: readonly FolderLines[]): readonly string[] {
  const low = tooLow(folders);
  return folders.map((it) => {
    const least = `at least ${LINES_LEAST * 100} %`;
    const gate = GATED.includes(it.folder)
      ? `  ${least}${low.includes(it) ? ": TOO LOW" : ""}`
      : "";
    const share = it.all === 0 ? "no lines" : `${((it.run / it.all) * 100).toFixed(1)} %`;
    return `${it.folder.padEnd(16)} ${share.padStart(8)}  ${it.run}/${it.all} lines${gate}`;
  });
}
