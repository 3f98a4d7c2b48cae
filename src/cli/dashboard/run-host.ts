import { dirname, relative, resolve } from "node:path";
import { durationAsFlag } from "../../chaos/options.ts";
import type {
  Catalogue,
  RunEnd,
  RunProgress,
  RunRequest,
  RunState,
} from "../../dashboard/runs/document.ts";
import type { RunHost } from "../../dashboard/runs/host.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Verdict } from "../../report/schema.ts";
import { ownCommand, ownEnv } from "../../runtime/self.ts";
import { readLines } from "../../target/json-lines.ts";
import { EXIT_INTERRUPTED } from "../run-scenario.ts";
import { shellWord } from "../shell-word.ts";
import { CHAOS_TARGET_NAMES } from "../targets.ts";
import { runCatalogue } from "./run-catalogue.ts";

/** Of what a run prints for people. */
const SAID_LINES = 40;
const CLOSED_WITHIN_MS = 10_000;

const NOTHING: RunState = {
  ...{ phase: "none", name: "", kind: "chaos", command: "", by: "", startedAtMs: 0 },
  ...{ progress: null, lastLine: "", outcome: null },
};

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

/**
 * Runs scenarios and suites as the command line does, in a process of their own: the page stays live while
 * the checker computes, and a run that dies takes nothing with it.
 */
export class ChildRuns implements RunHost {
  readonly #reports: string;
  readonly #watchers = new Set<() => void>();
  #catalogue: Promise<Catalogue> | null = null;
  #state: RunState = NOTHING;
  #child: Child | null = null;
  #ended: Promise<void> = Promise.resolve();

  /** `reports`: the directory that they write to. */
  constructor(reports: string) {
    this.#reports = resolve(reports);
  }

  get state(): RunState {
    return this.#state;
  }

  catalogue(): Promise<Catalogue> {
    return (this.#catalogue ??= runCatalogue());
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  start(request: RunRequest, by: string): void {
    if (this.#child !== null) {
      throw new Error(
        `${this.#state.name} runs: only one can at a time, or each disturbs the other`,
      );
    }
    const args = argumentsOf(request);
    const { name, kind } = request;
    const command = ["ordeal", ...args].map(shellWord).join(" ");
    const machine = ["--json", ...(kind === "bench" ? [] : ["--progress", "json"])];
    // A session of its own: a terminal's Ctrl-C reaches it through us, once.
    const child: Child = Bun.spawn(
      ownCommand("ordeal", [...args, "--reports", this.#reports, ...machine]),
      {
        ...{ stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true },
        env: { ...process.env, ...ownEnv(), NO_COLOR: "1", FORCE_COLOR: "0" },
      },
    );
    this.#child = child;
    this.#become({
      ...{ phase: "running", name, kind, command, by, startedAtMs: Date.now() },
      ...{ progress: null, lastLine: "", outcome: null },
    });
    this.#ended = this.#follow(child);
  }

  stop(): void {
    if (this.#child === null) throw new Error("nothing runs");
    this.#child.kill("SIGINT");
    this.#become({ ...this.#state, phase: "stopping" });
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), CLOSED_WITHIN_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #follow(child: Child): Promise<void> {
    const said: string[] = [];
    const [out] = await Promise.all([
      new Response(child.stdout).text(),
      (async () => {
        for await (const line of readLines(child.stderr)) {
          const progress = progressOf(line);
          if (progress !== null) this.#become({ ...this.#state, progress });
          if (progress !== null || line.trim() === "") continue;
          said.push(line);
          if (said.length > SAID_LINES) said.shift();
          this.#become({ ...this.#state, lastLine: line });
        }
      })(),
    ]);
    const code = await child.exited;
    const outcome = endOf(out, code, said.join("\n"), this.#reports);
    this.#child = null;
    this.#become({ ...this.#state, phase: "ended", outcome });
  }

  #become(state: RunState): void {
    this.#state = state;
    for (const changed of this.#watchers) changed();
  }
}

/** As a person would write them. Throws UserError. */
function argumentsOf(request: RunRequest): readonly string[] {
  const { kind, name, target, seed, durationMs, nodes, parameters } = request;
  if (!CHAOS_TARGET_NAMES.some((known) => known === target)) {
    const fix = `there are: ${CHAOS_TARGET_NAMES.join(", ")}`;
    throw new UserError("unknown target", [
      { where: "target", what: `no target is named "${target}"`, fix },
    ]);
  }
  const seeded = seed === null ? [] : ["--seed", `${seed}`];
  const lasting = durationMs === null ? [] : ["--duration", durationAsFlag(durationMs)];
  const on = target === "ordeal" ? [] : ["--target", target];
  if (kind === "planted") return ["demo", "--planted", "stale-read", ...seeded, ...lasting];
  if (kind === "bench") return ["bench", "run", name, "--quick", ...seeded, ...on];
  return [
    ...["chaos", "run", name, ...seeded, ...lasting, ...on],
    ...(nodes === null ? [] : ["--nodes", `${nodes}`]),
    ...Object.entries(parameters).flatMap(([key, value]) => ["--param", `${key}=${value}`]),
  ];
}

function progressOf(line: string): RunProgress | null {
  if (!line.startsWith('{"kind":"progress"')) return null;
  return JSON.parse(line) as RunProgress;
}

/** What every `--json` of ours says of a run. */
type Said = {
  readonly verdict?: Verdict;
  readonly checks?: RunEnd["checks"];
  readonly html?: string;
};

function endOf(out: string, code: number, said: string, reports: string): RunEnd {
  const document = parsed(out) as (Said & { readonly [list: string]: unknown }) | null;
  const list = document?.["runs"] ?? document?.["suites"] ?? [];
  const run: Said =
    (Array.isArray(list) ? (list[0] as Said | undefined) : undefined) ?? document ?? {};
  const below = run.html === undefined ? null : relative(reports, dirname(resolve(run.html)));
  return {
    verdict: run.verdict ?? null,
    wasInterrupted: code === EXIT_INTERRUPTED,
    checks: run.checks ?? [],
    folder: below === null || below.startsWith("..") ? null : below.replaceAll("\\", "/"),
    said: said === "" && code !== 0 && document === null ? `it ended with code ${code}` : said,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
