import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkFolders, guarded } from "../write.ts";
import { replaceFile } from "../replace-file.ts";
import { writeIndex } from "../write-index.ts";
import type { Comparison } from "./comparison.ts";
import { comparisonPage } from "./html.ts";
import { comparisonJunit } from "./junit.ts";
import { comparisonMarkdown } from "./markdown.ts";

export type WrittenComparison = {
  readonly dir: string;
  readonly json: string;
  readonly markdown: string;
  readonly junit: string;
  readonly html: string;
};

/**
 * Writes comparison.{json,md,xml,html} into `<reportsDir>/compare/<runId>`, which is made if need be,
 * and the index of all runs. Each appears whole or not at all. Throws UserError when the folder cannot be written.
 */
export async function writeComparison(
  comparison: Comparison,
  reportsDir: string,
): Promise<WrittenComparison> {
  const { runId } = comparison;
  checkFolders({ runId });
  const dir = join(reportsDir, "compare", runId);
  const file = (extension: string): string => join(dir, `comparison.${extension}`);
  const written = {
    ...{ dir, json: file("json"), markdown: file("md") },
    ...{ junit: file("xml"), html: file("html") },
  };
  await guarded(dir, async () => {
    await mkdir(dir, { recursive: true });
    await replaceFile(written.json, comparisonJson(comparison));
    await replaceFile(written.markdown, comparisonMarkdown(comparison));
    await replaceFile(written.junit, comparisonJunit(comparison));
    await replaceFile(written.html, comparisonPage(comparison));
    await writeIndex(reportsDir);
  });
  return written;
}

/** The document of `--json` and comparison.json. */
export const comparisonJson = (comparison: Comparison): string =>
  `${JSON.stringify(comparison, null, 1)}\n`;
