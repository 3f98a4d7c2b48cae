import { deflateSync } from "node:zlib";
import { SHARDS_MAX } from "../../kv/shard-config.ts";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { ACTIONS } from "../../workload/mix.ts";
import { hlogOf } from "../../report/hlog.ts";
import type { LoadResult, LoadSpec, LoadViolation, Mix } from "../../workload/spec.ts";
import type { LoadTick } from "../../workload/tick-merger.ts";
import type { ClusterAddress, StoreProtocol } from "../../target/target.ts";
import { parseDurationMs } from "../parse.ts";
import { parseNodes, readClusterAddress } from "./address.ts";
import { useColours } from "../colours.ts";
import { type Load, startGenerator } from "../generator.ts";
import { Generator } from "./generator.ts";
import { refuseStrangers } from "./reach.ts";
import { liveLine, summaryText } from "./report.ts";

/** `ordeal load` as a person writes it. */
export type LoadFlags = {
  readonly dir?: string | undefined;
  readonly nodes?: string | undefined;
  /** What the nodes speak. */
  readonly target: StoreProtocol;
  /** Of a sharded cluster whose nodes are named. */
  readonly shards?: number | undefined;
  readonly clients: number;
  readonly connections?: number | undefined;
  readonly rate?: number | undefined;
  readonly arrivals: LoadSpec["arrivals"];
  readonly pacing: NonNullable<LoadSpec["pacing"]>;
  readonly duration: string;
  readonly warmup: string;
  readonly timeout: string;
  readonly keys: number;
  readonly distribution: LoadSpec["keyDistribution"];
  readonly valueBytes: number;
  readonly mix: string;
  readonly reads: LoadSpec["reads"];
  readonly finalReads: boolean;
  readonly generators: string;
  readonly hlog?: string | undefined;
  readonly history?: string | undefined;
  readonly stopOnViolation: boolean;
  readonly seed?: number | undefined;
  readonly json: boolean;
};

const SHARED_CONNECTIONS = 16;
const EXIT_VIOLATED = 2;
const EXIT_INTERRUPTED = 130;

/** Runs a load and prints its result. Ctrl-C ends it early, a second one at once. */
export async function runFromFlags(flags: LoadFlags): Promise<void> {
  const spec = specOf(flags);
  await refuseStrangers(spec.address);
  const live = liveLine(process.stderr);
  const violations: LoadViolation[] = [];
  let interrupted = false;
  let load: Pick<Load, "stop" | "done"> | null = null;
  process.on("SIGINT", () => {
    if (interrupted || load === null) process.exit(EXIT_INTERRUPTED);
    interrupted = true;
    void load.stop(false);
  });
  if (!flags.json) process.stderr.write(`${aboutText(spec)}\n`);
  load = await (spec.generators === 1 ? loadHere : startGenerator)(spec, live.onTick, (seen) => {
    violations.push(seen);
    live.end();
    process.stderr.write(`violation on ${seen.key}: ${seen.sentence}\n`);
    void load?.stop(false);
  });
  const measured = await load.done;
  live.end();
  if (flags.hlog !== undefined) await writeHlog(flags.hlog, measured);
  const { histograms: _, ...result } = measured;
  const text = flags.json
    ? JSON.stringify({ spec, result, violations })
    : summaryText(result, spec.rate !== null, useColours(process.stdout));
  await Bun.write(Bun.stdout, `${text}\n`);
  process.exit(interrupted ? EXIT_INTERRUPTED : violations.length > 0 ? EXIT_VIOLATED : 0);
}

/** Throws UserError when the file cannot be written. */
async function writeHlog(path: string, result: LoadResult): Promise<void> {
  try {
    await Bun.write(path, hlogOf([{ name: "load", result }], deflateSync) ?? "");
  } catch (error) {
    const fix = "name a file in a directory that you may write to";
    const what = (error as Error).message;
    throw new UserError("cannot write the latencies", [{ where: `--hlog ${path}`, what, fix }]);
  }
}

/** A load by a single generator needs no other process. */
async function loadHere(
  spec: LoadSpec,
  onTick: (tick: LoadTick) => void,
  onViolation: (violation: LoadViolation) => void,
): Promise<Pick<Load, "stop" | "done">> {
  const generator = await Generator.create(spec, (event) => {
    if (event.kind === "tick") onTick(event);
    if (event.kind !== "violation") return;
    const { key, sentence, atUs, seenUs } = event;
    onViolation({ key, sentence, atUs, seenUs });
  });
  const done = generator.run();
  const stop = (finalReads = true): Promise<LoadResult> => {
    generator.stop(finalReads);
    return done;
  };
  return { done, stop };
}

/** The spec that the flags ask for. Throws UserError. */
export function specOf(flags: LoadFlags): LoadSpec {
  if ((flags.dir === undefined) === (flags.nodes === undefined)) {
    const fix = "give --dir DIR of `ordeal cluster start`, or --nodes host:port,…";
    const what = flags.dir === undefined ? "no cluster is named" : "both name a cluster";
    throw new UserError("which cluster?", [{ where: "--dir, --nodes", what, fix }]);
  }
  if (flags.stopOnViolation) requireFollowable(flags);
  if (flags.dir !== undefined && flags.target !== "ordeal") {
    const what = `--dir names a cluster of Ordeal, --target ${flags.target} does not`;
    throw new UserError("which cluster?", [
      { where: "--dir, --target", what, fix: "give --nodes host:port,… with --target" },
    ]);
  }
  return {
    address: addressFrom(flags),
    seed: flags.seed ?? Math.floor(Math.random() * 0x1_0000_0000),
    clients: flags.clients,
    rate: flags.rate ?? null,
    arrivals: flags.arrivals,
    pacing: flags.pacing,
    connections: flags.connections ?? Math.min(flags.clients, SHARED_CONNECTIONS),
    keys: flags.keys,
    keyDistribution: flags.distribution,
    valueBytes: flags.valueBytes,
    mix: parseMix(flags.mix),
    durationMs: parseDurationMs(flags.duration, "--duration"),
    warmupMs: flags.warmup === "0" ? 0 : parseDurationMs(flags.warmup, "--warmup"),
    timeoutMs: parseDurationMs(flags.timeout, "--timeout"),
    reads: flags.reads,
    history: flags.history ?? null,
    follow: flags.stopOnViolation,
    finalReads: flags.finalReads,
    generators: flags.generators === "auto" ? "auto" : Number(flags.generators),
  };
}

function addressFrom({ dir, nodes, target, shards }: LoadFlags): ClusterAddress {
  if (dir !== undefined && shards === undefined) return readClusterAddress(dir);
  const problem = (what: string, fix: string): UserError =>
    new UserError("bad option", [{ where: "--shards", what, fix }]);
  if (dir !== undefined) throw problem("--dir knows whether there are shards", "leave it out");
  const address = parseNodes(nodes!, target);
  if (shards === undefined) return address;
  if (target !== "ordeal") throw problem(`${target} has none of ours`, "leave it out");
  if (Number.isInteger(shards) && shards >= 1 && shards <= SHARDS_MAX)
    return { ...address, shards };
  throw problem(`is ${shards}`, `use a whole number from 1 to ${SHARDS_MAX}`);
}

/** Throws UserError for a history that cannot be followed. */
function requireFollowable({ history, reads }: LoadFlags): void {
  const where = "--stop-on-violation";
  const problems: Problem[] = [];
  if (history === undefined) {
    const fix = "add --history FILE, which `ordeal check` reads as well";
    problems.push({ where, what: "there is no history to follow", fix });
  }
  if (reads === "local") {
    const fix = "leave out one of the two";
    problems.push({ where, what: "--reads local may return what is out of date", fix });
  }
  if (problems.length > 0) throw new UserError("nothing to stop on", problems);
}

/** `get=0.5,put=0.5`; what is not named is 0. Throws UserError. */
export function parseMix(text: string): Mix {
  const mix = { get: 0, put: 0, cas: 0, append: 0, delete: 0, rmw: 0, scan: 0 };
  const problems: Problem[] = [];
  for (const item of text.split(",")) {
    const [name = "", share = ""] = item.split("=").map((part) => part.trim());
    const known = ACTIONS.find((action) => action === name);
    const fix = `write NAME=SHARE with a NAME of ${ACTIONS.join(", ")}`;
    if (known === undefined || share === "" || !(Number(share) >= 0)) {
      problems.push({ where: "--mix", what: `"${item}"`, fix });
    } else {
      mix[known] = Number(share);
    }
  }
  if (problems.length > 0) throw new UserError("bad mix", problems);
  return mix;
}

function aboutText(spec: LoadSpec): string {
  const { generators } = spec;
  const split = generators === 1 ? "" : `, ${generators} generator processes`;
  const loop = spec.rate === null ? "closed loop" : `open loop at ${spec.rate}/s`;
  const nodes = spec.address.nodes.length;
  return `${loop}, ${spec.clients} clients on ${spec.connections} connections to each of ${nodes} nodes${split}, seed ${spec.seed}`;
}
