import type { StoredRow } from "../../reports/document.ts";

/** "" means any. */
export type Wanted = {
  readonly text: string;
  readonly verdict: StoredRow["verdict"] | "";
  readonly kind: string;
};

/** Every word of the text is found somewhere in what the row shows. */
export function fits(row: StoredRow, { text, verdict, kind }: Wanted): boolean {
  if (verdict !== "" && row.verdict !== verdict) return false;
  if (kind !== "" && row.kind !== kind) return false;
  const { folder, name, target, seed, failed, problem, verdictText } = row;
  const all = [folder, name, row.kind, target, seed, ...failed, problem, verdictText]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

export const kindsOf = (rows: readonly StoredRow[]): readonly string[] =>
  [...new Set(rows.map(({ kind }) => kind))].sort();

/** Picks or drops one; of two the one that was picked first gives way to a third. */
export const pick = (picked: readonly string[], folder: string): readonly string[] =>
  picked.includes(folder)
    ? picked.filter((other) => other !== folder)
    : [...picked, folder].slice(-2);
