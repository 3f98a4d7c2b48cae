import type { Argv, CommandModule } from "yargs";
import { type Problem, UserError } from "../lib/user-error.ts";

type Args = {
  readonly name: string;
  readonly "chaos-mesh": boolean;
  readonly seed: number;
  readonly duration: string | undefined;
  readonly stretch: number;
  readonly nodes: number | undefined;
  readonly param: string[];
  readonly namespace: string;
  readonly app: string;
  readonly selector: string | undefined;
  readonly container: string | undefined;
  readonly volume: string;
  readonly out: string | undefined;
};

/** Writes a scenario for clusters that outgrow one machine. */
export const exportScenario: CommandModule<object, Args> = {
  command: "export <name>",
  describe: "Write a scenario as a Workflow of Chaos Mesh, for a cluster on Kubernetes",
  builder: (yargs): Argv<Args> =>
    yargs
      .positional("name", {
        type: "string",
        demandOption: true,
        describe: "a scenario, or the path of a module or JSON file that is one",
      })
      .option("chaos-mesh", {
        type: "boolean",
        default: true,
        describe: "as YAML of Chaos Mesh, the one form there is",
      })
      .option("seed", { type: "number", default: 1, describe: "draws the nodes that faults hit" })
      .option("duration", { type: "string", describe: "such as 10s; default: the scenario's own" })
      .option("stretch", {
        type: "number",
        default: 1,
        describe: "all times so many times as long: Chaos Mesh takes seconds to inject a fault",
      })
      .option("nodes", { type: "number", describe: "default: the scenario's own" })
      .option("param", {
        ...{ string: true, array: true, nargs: 1, default: [] as string[] },
        describe: "name=number: a parameter of the scenario; may stand several times",
      })
      .option("namespace", { type: "string", default: "default", describe: "of the pods" })
      .option("app", {
        type: "string",
        default: "ordeal",
        describe: "name of the StatefulSet: its pod APP-0 is node 1",
      })
      .option("selector", {
        type: "string",
        describe: "labels of all its pods: key=value,key=value; default: app=APP",
      })
      .option("container", { type: "string", describe: "of the node; default: APP" })
      .option("volume", {
        type: "string",
        default: "/data",
        describe: "where its data are mounted",
      })
      .option("out", { type: "string", describe: "file to write; default: standard output" })
      .example(
        "$0 chaos export kitchen-sink --chaos-mesh --stretch 10 --out kitchen-sink.yaml",
        "then: kubectl apply -f kitchen-sink.yaml",
      )
      .epilogue("What Chaos Mesh cannot express is a comment in the file, and a line on stderr."),
  handler,
};

async function handler(args: Args): Promise<void> {
  const { findScenarios } = await import("../chaos/catalog.ts");
  const { parseValues } = await import("../chaos/parameters.ts");
  const { scheduleOf } = await import("../chaos/schedule.ts");
  const { checkDuration, withChanges } = await import("../chaos/options.ts");
  const { parseCount, parseDurationMs } = await import("./parse.ts");
  const { stretched } = await import("../chaos/mesh/stretch.ts");
  const { planOf } = await import("../chaos/mesh/spans.ts");
  const { leftOutLines, workflowYaml } = await import("../chaos/mesh/workflow.ts");
  const labels = check(args);
  const seed = parseCount(args.seed, "--seed", 0);
  const [found] = await findScenarios([args.name], parseValues(args.param));
  const scenario = withChanges(found!, { nodes: args.nodes });
  const durationMs =
    args.duration === undefined
      ? scenario.durationMs
      : checkDuration(parseDurationMs(args.duration, "--duration"));
  const { nodes } = scenario.cluster;
  const short = scheduleOf(scenario, seed, durationMs);
  const schedule = stretched(short, args.stretch);
  const plan = planOf(schedule, { nodes, seed, volumePath: args.volume });
  const { namespace, app, container = app } = args;
  const text = workflowYaml(plan, {
    ...{ name: scenario.name, namespace, labels, podPrefix: app, container },
    durationMs: schedule.durationMs,
    head: [
      `${scenario.name}: ${scenario.about}`,
      `Written by: ${commandOf(args)}`,
      `For ${nodes} nodes, ${app}-0 to ${app}-${nodes - 1}. Drawn by the seed: the nodes that are named.`,
    ],
  });
  const left = leftOutLines(plan.leftOut);
  if (left.length > 0) console.error(["not expressed:", ...left].join("\n  "));
  if (args.out === undefined) {
    process.stdout.write(text);
    return;
  }
  await Bun.write(args.out, text);
  console.error(`${args.out}: ${plan.spans.length} faults over ${schedule.durationMs / 1000} s`);
}

/** The command that writes the same again. */
function commandOf({ name, seed, duration, stretch, nodes, param }: Args): string {
  const flags = [
    ...[`--seed ${seed}`, ...(duration === undefined ? [] : [`--duration ${duration}`])],
    ...(stretch === 1 ? [] : [`--stretch ${stretch}`]),
    ...(nodes === undefined ? [] : [`--nodes ${nodes}`]),
    ...param.map((value) => `--param ${value}`),
  ];
  return `ordeal chaos export ${name} --chaos-mesh ${flags.join(" ")}`;
}

/** RFC 1123, as names of namespaces, sets and containers are. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/;
const LABEL = /^([\w./-]+)=([\w.-]*)$/;

/** The labels of the pods. Throws UserError that lists every flag that is wrong. */
function check({ namespace, app, selector = `app=${app}`, container, ...args }: Args) {
  const problems: Problem[] = [];
  const named = Object.entries({
    "--namespace": namespace,
    "--app": app,
    ...(container !== undefined && { "--container": container }),
  });
  for (const [where, name] of named.filter(([, name]) => !NAME.test(name))) {
    const fix = "use small letters, digits and -, as Kubernetes does";
    problems.push({ where, what: `"${name}" is no name`, fix });
  }
  const labels = selector.split(",").map((pair) => LABEL.exec(pair));
  if (labels.includes(null)) {
    const fix = "write key=value,key=value";
    problems.push({ where: "--selector", what: `"${selector}" is no list of labels`, fix });
  }
  if (!(args.stretch >= 1 && args.stretch <= 1_000)) {
    const what = `${args.stretch} is not from 1 to 1000`;
    problems.push({ where: "--stretch", what, fix: "such as 10: ten times as long" });
  }
  if (!args.volume.startsWith("/")) {
    const what = `"${args.volume}" is no absolute path`;
    problems.push({ where: "--volume", what, fix: "give where the container mounts it: /data" });
  }
  if (!args["chaos-mesh"]) {
    const what = "there is no other form";
    problems.push({ where: "--no-chaos-mesh", what, fix: "leave it out" });
  }
  if (problems.length > 0) throw new UserError("cannot export the scenario", problems);
  return Object.fromEntries(labels.map((pair) => [pair![1]!, pair![2]!]));
}
