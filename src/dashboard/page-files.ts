import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import page from "./page/index.html";

/** One file of the page, as the browser gets it. */
export type PageFile = { readonly type: string; readonly body: Blob };

/** What `bun build --compile` makes of an imported page; elsewhere only the path of its source is known. */
type Compiled = {
  readonly files?: readonly {
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
};

let bundled: Promise<ReadonlyMap<string, PageFile>> | null = null;

/**
 * The page with its script and styles, by path: `/` and `/chunk-….js`. Within a compiled binary they
 * were bundled when it was made; from sources they are bundled at the first call, once a process.
 */
export function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  bundled ??= (page as unknown as Compiled).files === undefined ? fromSources() : fromBinary();
  return bundled;
}

async function fromSources(): Promise<ReadonlyMap<string, PageFile>> {
  const index = page.index.startsWith("file:") ? fileURLToPath(page.index) : page.index;
  const { outputs } = await Bun.build({ entrypoints: [index], minify: true, publicPath: "/" });
  return byPath(outputs.map((file) => ({ name: file.path, type: file.type, body: file })));
}

const fromBinary = async (): Promise<ReadonlyMap<string, PageFile>> =>
  byPath(
    (page as unknown as Compiled).files!.map(({ path, headers }) => ({
      name: path,
      type: headers["content-type"] ?? "application/octet-stream",
      body: Bun.file(path),
    })),
  );

function byPath(
  files: readonly { readonly name: string; readonly type: string; readonly body: Blob }[],
): ReadonlyMap<string, PageFile> {
  return new Map(
    files.map(({ name, type, body }) => [
      name.endsWith(".html") ? "/" : `/${basename(name)}`,
      { type, body },
    ]),
  );
}
