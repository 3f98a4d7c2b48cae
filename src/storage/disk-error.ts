/** An Error as node:fs throws it, with its `code`: ENOENT, EEXIST, EIO, ENOSPC … */
export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
