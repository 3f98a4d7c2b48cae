export type Cell = string | number;

const GAP = "  ";

/**
 * Rows under a header, in columns as wide as their widest cell as a terminal shows it. A column of
 * numbers is aligned to the right. No line ends in spaces.
 */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const columns = header.map((title, at) => {
    const cells = rows.map((row) => row[at] ?? "");
    const width = Math.max(...[title, ...cells].map((cell) => Bun.stringWidth(String(cell))));
    return { width, right: cells.length > 0 && cells.every((cell) => typeof cell === "number") };
  });
  return [header, ...rows]
    .map((row) =>
      columns
        .map(({ width, right }, at) => {
          const text = String(row[at] ?? "");
          const space = " ".repeat(width - Bun.stringWidth(text));
          return right ? space + text : text + space;
        })
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}
