import { availableParallelism } from "node:os";
import type { CommandModule } from "yargs";
import type { BytesOptions, BytesTally } from "./bytes.ts";

const EXIT_VIOLATED = 2;
const DURATION_DEFAULT = "30s";

/** What each decoder reads. */
const WHAT = {
  wire: "frames of the client and the peer port",
  resp: "commands of RESP",
  json: "lines of JSON",
  http: "raw bytes to the HTTP port of a real node",
  wal: "segments of the log",
  snapshot: "snapshot files, and the state in them",
  history: "history files",
  report: "reports",
  config: "config files, as JSON, YAML and TOML",
} as const;
type Target = keyof typeof WHAT;
const TARGETS = Object.keys(WHAT) as readonly Target[];

type Args = {
  readonly duration: string;
  readonly executions: number | undefined;
  readonly seed: number;
  readonly jobs: number;
  readonly corpus: string | undefined;
  readonly input: string | undefined;
  readonly keep: string;
  readonly json: boolean;
};

const options = {
  duration: { type: "string", default: DURATION_DEFAULT, describe: "how long, of each decoder" },
  executions: { type: "number", describe: "stop after so many inputs, too" },
  seed: { type: "number", default: 1, describe: "of the inputs" },
  jobs: { type: "number", default: availableParallelism(), describe: "processes at once" },
  corpus: {
    type: "string",
    describe: "directory of inputs to begin with; those that lead elsewhere are added to it",
  },
  keep: {
    type: "string",
    default: "reports/fuzz",
    describe: "where inputs go that fail, made small",
  },
  json: { type: "boolean", default: false, describe: "one JSON document on stdout" },
} as const;
const EXITS = "Exits with 0: every decoder did as it must, 2: one did not.";

const ofTarget = (target: Target): CommandModule<object, Args> => ({
  command: target,
  describe: `Hostile bytes: ${WHAT[target]}`,
  builder: (yargs) =>
    yargs
      .options({
        ...options,
        input: { type: "string", describe: "a file: run it alone, to see what comes of it" },
      })
      .example(`$0 fuzz ${target} --duration 10m --jobs 2`, "ten minutes on two cores")
      .example(`$0 fuzz ${target} --input reports/fuzz/${target}/error-1f2e3d4c.bin`, "one again")
      .epilogue(EXITS),
  handler: (args) => fuzzTargets([target], args),
});

const ofAll: CommandModule<object, Omit<Args, "input"> & { readonly all: boolean }> = {
  command: "$0",
  describe: false,
  builder: (yargs) =>
    yargs
      .options({ ...options, all: { type: "boolean", default: false, describe: "every decoder" } })
      .epilogue(EXITS),
  handler: async (args) => {
    if (args.all) return fuzzTargets(TARGETS, { ...args, input: undefined });
    const { UserError } = await import("../../lib/user-error.ts");
    const fix = `give one of checker, ${TARGETS.join(", ")}, or --all`;
    throw new UserError("fuzz what?", [{ where: "ordeal fuzz", what: "names nothing", fix }]);
  },
};

/** `ordeal fuzz wire` and so on, and `ordeal fuzz --all`. */
export const bytesCommands: readonly CommandModule<object, never>[] = [
  ...TARGETS.map(ofTarget),
  ofAll,
] as unknown as readonly CommandModule<object, never>[];

async function fuzzTargets(targets: readonly Target[], args: Args): Promise<void> {
  const { bytesDocument, bytesSummary } = await import("./bytes-report.ts");
  const { fuzzBytes } = await import("./bytes.ts");
  const { openBar } = await import("../progress-bar.ts");
  const tallies: BytesTally[] = [];
  for (const target of targets) {
    const bar = openBar(process.stderr, bytesSummary);
    const tally = await fuzzBytes(await bytesOptions(target, args), bar.update);
    bar.close();
    tallies.push(tally);
    if (!args.json) console.log(bytesSummary(tally));
  }
  if (args.json) console.log(JSON.stringify(bytesDocument(tallies), null, 2));
  process.exitCode = tallies.some(({ findings }) => findings.length > 0) ? EXIT_VIOLATED : 0;
}

async function bytesOptions(target: Target, args: Args): Promise<BytesOptions> {
  const { join } = await import("node:path");
  const { parseCount, parseDurationMs } = await import("../parse.ts");
  const { OWN_ROOT } = await import("../../runtime/self.ts");
  const isOne = args.input !== undefined;
  return {
    target,
    seed: parseCount(args.seed, "--seed", 0),
    executionsMax:
      args.executions === undefined ? 1e15 : parseCount(args.executions, "--executions", 1),
    durationMs: parseDurationMs(args.duration, "--duration"),
    jobs: isOne ? 1 : parseCount(args.jobs, "--jobs", 1, 64),
    corpus: args.corpus ?? join(OWN_ROOT, "src", "fuzz", "testdata"),
    grows: args.corpus !== undefined && !isOne,
    input: args.input ?? null,
    keep: join(args.keep, target),
  };
}
