import { realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { Context } from "hono";

/** As runs name their files and folders (report/write.ts): nothing that climbs, hides or has a root. */
const PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const PARTS_MAX = 6;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".log": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
};

/**
 * A page that this program or somebody else once wrote, with scripts in it: it is shown in an origin of its
 * own, which has neither our cookie nor our page, and can reach no address.
 */
const SANDBOX =
  "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Text that was made here, as a stored page is shown. */
export function sandboxed(c: Context, html: string): Response {
  sandbox(c);
  return c.html(html);
}

/** The file that the path names below `dir`; null: there is none that may be seen. Links out of it are not followed. */
export async function fileBelow(dir: string, path: string): Promise<string | null> {
  const parts = path.split("/");
  if (parts.length > PARTS_MAX || !parts.every((part) => PART.test(part))) return null;
  try {
    const [root, file] = await Promise.all([realpath(dir), realpath(join(dir, ...parts))]);
    return file.startsWith(root + sep) && (await stat(file)).isFile() ? file : null;
  } catch {
    return null;
  }
}

/** Serves a stored file: pages sandboxed, data that browsers do not show as a download. */
export function serveFile(c: Context, file: string): Response {
  sandbox(c);
  const type = TYPES[extname(file)];
  c.header("Content-Type", type ?? "application/octet-stream");
  if (type === undefined) c.header("Content-Disposition", "attachment");
  return c.body(Bun.file(file).stream());
}

function sandbox(c: Context): void {
  c.header("Content-Security-Policy", SANDBOX);
  // With a sandbox of its own a page is no opener of ours; with this header some browsers refuse it.
  c.header("Cross-Origin-Opener-Policy", "unsafe-none");
}
