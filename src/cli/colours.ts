/**
 * Whether colours go to `stream`: only to a terminal, and not with NO_COLOR (https://no-color.org). The
 * library's own guess is not asked, since it also colours the pipes of a CI (`CI=true`).
 */
export const useColours = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
