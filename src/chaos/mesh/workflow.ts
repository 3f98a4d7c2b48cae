import type { Effect, LeftOut, Span, Who } from "./effect.ts";
import type { Plan } from "./spans.ts";

export type WorkflowOptions = {
  /** Of the workflow: the scenario's. */
  readonly name: string;
  readonly namespace: string;
  /** Labels of all pods of the cluster. */
  readonly labels: Readonly<Record<string, string>>;
  /** Pod `${podPrefix}-0` is node 1. */
  readonly podPrefix: string;
  /** Of the node in its pod. */
  readonly container: string;
  readonly durationMs: number;
  /** Lines above everything else: where it comes from. */
  readonly head: readonly string[];
};

type Template = { readonly name: string } & Readonly<Record<string, unknown>>;
/** A template with what is said of it. */
type Noted = { readonly template: Template; readonly notes: readonly string[] };

const FIELD = {
  PodChaos: "podChaos",
  NetworkChaos: "networkChaos",
  TimeChaos: "timeChaos",
  IOChaos: "ioChaos",
} as const;

const LINE_CHARS = 116;

/** A Workflow of Chaos Mesh, as YAML, with what it cannot express as comments. */
export function workflowYaml(plan: Plan, options: WorkflowOptions): string {
  const { name, namespace, head } = options;
  const meta = { apiVersion: "chaos-mesh.org/v1alpha1", kind: "Workflow" };
  const object = { ...meta, metadata: { name, namespace }, spec: { entry: "scenario" } };
  return [
    ...head.flatMap((line) => comment(line)),
    ...leftOutComments(plan.leftOut),
    yaml(object),
    "  templates:",
    ...templatesOf(plan, options).flatMap(({ template, notes }) => [
      ...notes.flatMap((note) => comment(note, "    ")),
      ...yaml([template])
        .split("\n")
        .map((line) => `    ${line}`),
    ]),
    "",
  ].join("\n");
}

/** One line for each fault that is left out, as stderr tells it too. */
export const leftOutLines = (leftOut: readonly LeftOut[]): readonly string[] =>
  leftOut.map(({ atMs, about, why }) => `${secondsText(atMs)} ${about}: ${why}`);

function leftOutComments(leftOut: readonly LeftOut[]): readonly string[] {
  if (leftOut.length === 0) return [];
  const lines = leftOutLines(leftOut).map((line) => `  ${line}`);
  return ["Not expressed:", ...lines].flatMap((line) => comment(line));
}

const secondsText = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;

/** Everything in parallel, each fault behind a wait until its time. */
function templatesOf({ spans }: Plan, options: WorkflowOptions): readonly Noted[] {
  const deadline = `${Math.ceil(options.durationMs)}ms`;
  const faults = spans.map((span, i) => faultTemplates(span, `fault-${i + 1}`, options));
  // A workflow needs something to do; it also lasts as long as the run, when its last fault is over.
  const whole = suspend("whole-run", options.durationMs);
  const children = ["whole-run", ...faults.map(([first]) => first!.template.name)];
  const entry = { name: "scenario", templateType: "Parallel", deadline, children };
  return [{ template: entry, notes: [] }, whole, ...faults.flat()];
}

function faultTemplates(span: Span, name: string, options: WorkflowOptions): readonly Noted[] {
  const { fromMs, toMs, about, notes, effect } = span;
  const fault = {
    ...{ name, templateType: effect.kind, deadline: `${toMs - fromMs}ms` },
    [FIELD[effect.kind]]: specOf(effect, span.who, options),
  };
  const said = [`${secondsText(fromMs)} to ${secondsText(toMs)}: ${about}`, ...notes];
  if (fromMs === 0) return [{ template: fault, notes: said }];
  const [serial, wait] = [`${name}-in-time`, `${name}-wait`];
  const children = [wait, name];
  const both = { name: serial, templateType: "Serial", deadline: `${toMs}ms`, children };
  return [{ template: both, notes: said }, suspend(wait, fromMs), { template: fault, notes: [] }];
}

const suspend = (name: string, ms: number): Noted => ({
  template: { name, templateType: "Suspend", deadline: `${Math.ceil(ms)}ms` },
  notes: [],
});

function specOf(effect: Effect, who: Who, options: WorkflowOptions): unknown {
  const pods = selected(who, options);
  switch (effect.kind) {
    case "PodChaos":
      return { ...effect.spec, ...pods };
    case "NetworkChaos": {
      const { direction, ...network } = effect.spec;
      return { ...network, ...pods, direction, target: selected(effect.target, options) };
    }
    case "TimeChaos":
    case "IOChaos":
      return { ...effect.spec, ...pods, containerNames: [options.container] };
  }
}

function selected(who: Who, { namespace, labels, podPrefix }: WorkflowOptions) {
  const all = { namespaces: [namespace], labelSelectors: labels };
  switch (who.kind) {
    case "all":
      return { mode: "all", selector: all };
    case "some":
      return who.count === 1
        ? { mode: "one", selector: all }
        : { mode: "fixed", value: String(who.count), selector: all };
    case "nodes": {
      const pods = who.ids.map((id) => `${podPrefix}-${id - 1}`);
      return { mode: "all", selector: { pods: { [namespace]: pods } } };
    }
  }
}

/** A copy without shared parts, for which there would be anchors. */
const yaml = (value: unknown): string =>
  Bun.YAML.stringify(JSON.parse(JSON.stringify(value)), null, 2);

/** A comment, wrapped. */
function comment(text: string, indent = ""): readonly string[] {
  const margin = /^ */.exec(text)![0];
  const lines: string[] = [];
  let line = margin;
  for (const word of text.trim().split(" ")) {
    if (line !== margin && indent.length + line.length + word.length > LINE_CHARS) {
      lines.push(line);
      line = `${margin}  `;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((one) => `${indent}# ${one}`.trimEnd());
}
