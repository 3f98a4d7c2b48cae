import { STATUS } from "../../wire/errors.ts";
import { KIND } from "../../wire/kinds.ts";

/** Where the layouts are described: in the docstring next to the code that reads and writes them. */
const SOURCES = [
  ["Frames", "src/wire/frame.ts"],
  ["Handshake", "src/wire/handshake.ts"],
  ["Raft messages", "src/wire/raft-codec.ts"],
  ["Heartbeats of many groups, and of nodes", "src/wire/beats-codec.ts"],
  ["Tokens of clients", "src/wire/auth.ts"],
  ["Client requests and responses", "src/wire/client.ts"],
  ["What a node tells of its cluster", "src/wire/cluster-info.ts"],
  ["Commands", "src/kv/command.ts"],
] as const;

const HEAD = `# Wire format

Generated from the code (\`UPDATE=1 bun test src/cli/dev/wire-doc.test.ts\`); do not edit. All integers are little-endian. \`u53\` is a
non-negative integer of at most 2^53 - 1 in 8 bytes.
`;

/** The text of docs/wire.md, from the registries and the docstrings of the codecs. */
export async function wireDocument(root: string): Promise<string> {
  const parts = [HEAD, kindTable(), statusTable()];
  for (const [title, path] of SOURCES) {
    const layouts = layoutsIn(await Bun.file(`${root}/${path}`).text());
    parts.push(`## ${title}\n\n\`\`\`text\n${layouts.join("\n\n")}\n\`\`\`\n`);
  }
  return parts.join("\n");
}

function kindTable(): string {
  const rows = Object.entries(KIND).map(([name, kind]) => [`${kind}`, name]);
  return `## Frame kinds\n\n${table(["kind", "name"], rows)}\n`;
}

function statusTable(): string {
  const rows = Object.entries(STATUS).map(([name, { code, definite, about }]) => [
    `${code}`,
    name,
    definite ? "yes" : "no",
    about,
  ]);
  return `## Status codes\n\n${table(["code", "name", "definite", "meaning"], rows)}\n`;
}

/** A Markdown table in the shape that `bun fmt` gives it; the first column holds numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c, i) => (i === 0 ? c.padStart(widths[i]!) : c.padEnd(widths[i]!))).join(" | ")} |`;
  const rule = widths.map((w, i) => (i === 0 ? `${"-".repeat(w - 1)}:` : `:${"-".repeat(w - 1)}`));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The docstrings that describe a layout: those that name a field's type. */
function layoutsIn(source: string): string[] {
  return [...source.matchAll(/\/\*\*\n([\s\S]*?)\*\//g)]
    .map(([, body = ""]) => body.replaceAll(/^ *\* ?/gm, "").trimEnd())
    .filter((body) => /\bu(8|16|32|53)\b/.test(body));
}
