import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../runtime/free-ports.ts";
import { projectIn, typed } from "./testing/session.ts";

const README = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");
const WITHIN_MS = 120_000;
/** More of a terminal than a test has. */
const INTERACTIVE = /^npx ordeal (watch|dashboard)/;
const OTHERS = ["redis-cli", "nc", "curl"] as const;

const dir = mkdtempSync(join(tmpdir(), "ordeal-readme-"));
projectIn(dir);
afterAll(async () => {
  await typed("npx ordeal cluster stop --dir ./c1", dir); // If the session ended before.
  rmSync(dir, { recursive: true, force: true });
}, WITHIN_MS);

/** The lines of the shell block behind these words. */
function linesAfter(words: string): string[] {
  const block = /^```sh\n([\s\S]*?)^```$/m.exec(README.slice(README.indexOf(words)))?.[1] ?? "";
  return block
    .split("\n")
    .map((line) => line.replace(/ {2,}#.*$/, ""))
    .filter((line) => line !== "");
}

test(
  "README: a cluster of your own: each command does what is said, whoever asks",
  async () => {
    const lines = linesAfter("Or in terminals:").filter((line) => !INTERACTIVE.test(line));
    // A test leaves the ports of the document to whoever has them.
    const ports = freePorts(9);
    const here = (line: string): string =>
      line
        .replace(" --base-port 7200", "")
        .replace(/\b720(\d)\b/g, (_, i) => String(ports[Number(i)]));
    const printed: string[] = [];
    let isFirst = true;
    for (const line of lines) {
      const program = OTHERS.find((name) =>
        line.split("|").some((part) => part.trim().startsWith(`${name} `)),
      );
      if (program !== undefined && Bun.which(program) === null) {
        console.warn(`not installed: ${program}: its line of README.md is not tried`);
        continue;
      }
      const text = await typed(here(line), dir);
      if (isFirst) {
        // Ports as the cluster has got them, in the order of the document: peers, clients, HTTP.
        isFirst = false;
        const rows = [...text.matchAll(/(\d+) +(\d+) +(\d+)$/gm)];
        ports.splice(0, 9, ...rows.flatMap(([, ...three]) => three.map(Number)));
      }
      printed.push(text);
      expect([line, /^exit \d+$/m.test(text) ? text : ""]).toEqual([line, ""]);
      if (program !== undefined)
        expect([line, text]).toEqual([line, expect.stringContaining("green")]);
    }
    const all = printed.join("");
    for (const words of ["linearizable: h.bin", "added nodes 4, 5", "stopped 5 nodes"]) {
      expect(all).toContain(words);
    }
  },
  WITHIN_MS,
);
