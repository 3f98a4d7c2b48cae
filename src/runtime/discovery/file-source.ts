import { readFileSync } from "node:fs";
import * as v from "valibot";
import { readDocument } from "../read-document.ts";
import { parseSeed, type Seed } from "./seed.ts";
import type { Source } from "./source.ts";

const Item = v.union(
  [
    v.pipe(
      v.string(),
      v.transform(parseSeed),
      v.check((seed) => seed !== null),
    ),
    // Entries of a cluster file are fine as they are; what else they say, the node itself tells.
    v.pipe(
      v.object({
        id: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
        host: v.pipe(v.string(), v.minLength(1)),
        httpPort: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
      }),
      v.transform(({ id, host, httpPort }) => ({
        ...{ host, port: httpPort },
        ...(id !== undefined && { id }),
      })),
    ),
  ],
  'must be "host:port", "2=host:port" or { host, httpPort, id? }',
);
const Document = v.union(
  [
    v.array(Item),
    v.pipe(
      v.object({ nodes: v.array(Item) }),
      v.transform(({ nodes }) => nodes),
    ),
  ],
  "must be a list of nodes, or have one at `nodes`",
);

/**
 * The nodes that a file lists. It is read again and again: a file that a ConfigMap mounts is replaced by
 * renaming a directory above it, which no watch on the file would see. Throws UserError when it is
 * not what it should be at the start.
 */
export function fileSource(url: string, path: string, everyMs: number): Source {
  const ids = readSeeds(path).map(({ id }) => id);
  let text = "";
  let seeds: readonly Seed[] = [];
  return {
    url,
    everyMs,
    ids: ids.every((id) => id !== undefined) ? ids : null,
    resolve: async () => {
      const now = readFileSync(path, "utf8");
      if (now !== text) seeds = readSeeds(path);
      text = now;
      return Promise.resolve(seeds);
    },
  };
}

function readSeeds(path: string): readonly Seed[] {
  const parsed = v.safeParse(Document, readDocument(path, "cannot read the list of nodes"));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new Error(`${path}: ${v.getDotPath(issue) ?? "the document"}: ${issue.message}`);
  }
  return parsed.output.filter((seed) => seed !== null);
}
