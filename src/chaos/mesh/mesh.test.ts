import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Fault } from "../../fault/vocabulary.ts";
import { loadScenarios } from "../catalog.ts";
import { all, crash, heal, isolate, leader, loss, node, one } from "../dsl.ts";
import type { Scenario } from "../scenario.ts";
import { scheduleOf } from "../schedule.ts";
import type { LeftOut, Span } from "./effect.ts";
import { type Plan, planOf } from "./spans.ts";
import { stretched } from "./stretch.ts";
import { leftOutLines, workflowYaml } from "./workflow.ts";

// What of Chaos Mesh's API (api/v1alpha1 of v2.7) a workflow of ours uses, with its rules.

const duration = v.pipe(v.string(), v.regex(/^[1-9]\d*ms$/, "is no duration of some time"));
const shift = v.pipe(v.string(), v.regex(/^\d+ms$/, "is no duration"));
const percent = v.pipe(
  v.string(),
  v.check((text) => Number(text) >= 0 && Number(text) <= 100, "is no percentage"),
);
const name = v.pipe(v.string(), v.regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "is no name"));
const correlation = v.literal("0");
const selector = v.union([
  v.strictObject({
    namespaces: v.tuple([name]),
    labelSelectors: v.record(v.string(), v.string()),
  }),
  v.strictObject({
    pods: v.record(
      name,
      v.pipe(v.array(v.pipe(v.string(), v.regex(/^ordeal-\d$/))), v.minLength(1)),
    ),
  }),
]);
const pods = {
  mode: v.picklist(["all", "one", "fixed"]),
  value: v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d*$/))),
  selector,
};
const network = {
  ...pods,
  direction: v.picklist(["to", "from", "both"]),
  target: v.strictObject(pods),
};
const NetworkChaos = v.variant("action", [
  v.strictObject({ action: v.literal("partition"), ...network }),
  v.strictObject({
    ...{ action: v.literal("loss"), ...network },
    loss: v.strictObject({ loss: percent, correlation }),
  }),
  v.strictObject({
    ...{ action: v.literal("duplicate"), ...network },
    duplicate: v.strictObject({ duplicate: percent, correlation }),
  }),
  v.strictObject({
    ...{ action: v.literal("delay"), ...network },
    delay: v.strictObject({
      ...{ latency: shift, jitter: shift, correlation },
      reorder: v.optional(
        v.strictObject({ reorder: percent, correlation, gap: v.pipe(v.number(), v.minValue(1)) }),
      ),
    }),
  }),
  v.strictObject({
    ...{ action: v.literal("bandwidth"), ...network },
    bandwidth: v.strictObject({
      rate: v.pipe(v.string(), v.regex(/^[1-9]\d*bps$/)),
      limit: v.pipe(v.number(), v.minValue(1)),
      buffer: v.pipe(v.number(), v.minValue(1)),
    }),
  }),
]);
const containerNames = v.tuple([name]);
const IOChaos = v.variant("action", [
  v.strictObject({
    ...{ action: v.literal("latency"), delay: duration, percent: v.literal(100) },
    ...{ volumePath: v.string(), ...pods, containerNames },
  }),
  v.strictObject({
    ...{ action: v.literal("fault"), errno: v.picklist([5, 28]), percent: v.literal(100) },
    methods: v.array(v.picklist(["write", "fsync", "fsyncdir", "create", "mkdir"])),
    ...{ volumePath: v.string(), ...pods, containerNames },
  }),
]);
const TimeChaos = v.strictObject({
  ...{ timeOffset: duration, clockIds: v.tuple([v.literal("CLOCK_MONOTONIC")]) },
  ...{ ...pods, containerNames },
});
const PodChaos = v.strictObject({ action: v.literal("pod-failure"), ...pods });
const children = v.pipe(v.array(name), v.minLength(1));
const chaos = { name, deadline: duration };
const Template = v.variant("templateType", [
  v.strictObject({ templateType: v.picklist(["Parallel", "Serial"]), ...chaos, children }),
  v.strictObject({ templateType: v.literal("Suspend"), ...chaos }),
  v.strictObject({ templateType: v.literal("PodChaos"), ...chaos, podChaos: PodChaos }),
  v.strictObject({ templateType: v.literal("NetworkChaos"), ...chaos, networkChaos: NetworkChaos }),
  v.strictObject({ templateType: v.literal("TimeChaos"), ...chaos, timeChaos: TimeChaos }),
  v.strictObject({ templateType: v.literal("IOChaos"), ...chaos, ioChaos: IOChaos }),
]);
const Workflow = v.strictObject({
  apiVersion: v.literal("chaos-mesh.org/v1alpha1"),
  kind: v.literal("Workflow"),
  metadata: v.strictObject({ name, namespace: name }),
  spec: v.strictObject({ entry: name, templates: v.array(Template) }),
});

const SEED = 1;
const scenarios = await loadScenarios();
const planned = (scenario: Scenario, stretch = 1): Plan =>
  planOf(stretched(scheduleOf(scenario, SEED, scenario.durationMs), stretch), {
    ...{ nodes: scenario.cluster.nodes, seed: SEED, volumePath: "/data" },
  });
const written = (scenario: Scenario): string =>
  workflowYaml(planned(scenario), {
    ...{ name: scenario.name, namespace: "default", labels: { app: "ordeal" } },
    ...{ podPrefix: "ordeal", container: "ordeal", durationMs: scenario.durationMs },
    head: [
      `${scenario.name}: ${scenario.about}`,
      `Written by: ordeal chaos export ${scenario.name} --chaos-mesh --seed ${SEED}`,
      `For ${scenario.cluster.nodes} nodes, ordeal-0 to ordeal-${scenario.cluster.nodes - 1}. Drawn by the seed: the nodes that are named.`,
    ],
  });

test("chaos mesh: of every scenario comes a workflow whose fields Chaos Mesh knows", () => {
  for (const scenario of scenarios) {
    const parsed = v.safeParse(Workflow, Bun.YAML.parse(written(scenario)));
    const issues = parsed.issues?.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    expect([scenario.name, issues]).toEqual([scenario.name, undefined]);
  }
});

test("chaos mesh: every template is started once, from the entry, and is over with the run", () => {
  for (const scenario of scenarios) {
    const { spec } = v.parse(Workflow, Bun.YAML.parse(written(scenario)));
    const started = spec.templates.flatMap((one) => ("children" in one ? one.children : []));
    expect([spec.entry, ...started].sort()).toEqual(spec.templates.map((one) => one.name).sort());
    for (const { fromMs, toMs } of planned(scenario).spans) {
      expect([scenario.name, fromMs < toMs && toMs <= scenario.durationMs]).toEqual([
        scenario.name,
        true,
      ]);
    }
  }
});

test("chaos mesh: what is left out is told in the file, and nothing else is missing", () => {
  for (const scenario of scenarios) {
    const { leftOut, spans } = planned(scenario);
    const text = written(scenario).replaceAll(/\n# +/g, " ");
    for (const line of leftOutLines(leftOut)) {
      expect([line, text.includes(line)]).toEqual([line, true]);
    }
    expect([scenario.name, spans.length + leftOut.length > 0]).toEqual([scenario.name, true]);
  }
});

for (const named of [
  "asymmetric-partition",
  "bridge",
  "clock-strobe",
  "disk-full",
  "demo",
  "swizzle-clog",
]) {
  test(`chaos mesh: ${named} is written as in testdata/${named}.yaml, by the command in it`, () => {
    const scenario = scenarios.find((one) => one.name === named)!;
    const golden = readFileSync(join(import.meta.dir, "testdata", `${named}.yaml`), "utf8");
    expect(written(scenario)).toBe(golden);
  });
}

const plan = (...faults: readonly (readonly [atMs: number, fault: Fault])[]): Plan =>
  planOf(
    { durationMs: 1_000, actions: faults.map(([atMs, fault]) => ({ atMs, fault })) },
    { nodes: 3, seed: 7, volumePath: "/data" },
  );
const shape = ({ fromMs, toMs, who }: Span): readonly unknown[] => [
  ...[fromMs, toMs],
  who.kind === "nodes" ? who.ids : who.kind,
];

test("chaos mesh: a crash ends with the restart of its node, or with the run", () => {
  const restart = (id: number): Fault => ({ kind: "restart", nodes: { kind: "node", id } });
  const { spans } = plan([100, crash(all)], [300, restart(2)], [400, restart(3)]);
  expect(spans.map(shape)).toEqual([
    [100, 300, [2]],
    [100, 400, [3]],
    [100, 1_000, [1]],
  ]);
});

test("chaos mesh: a crashed node is not drawn again before it has restarted", () => {
  const { spans, leftOut } = plan(
    [1, crash(one)],
    [2, crash(one)],
    [3, crash(one)],
    [4, crash(one)],
  );
  expect(spans.flatMap(({ who }) => (who.kind === "nodes" ? who.ids : [])).sort()).toEqual([
    1, 2, 3,
  ]);
  expect(leftOut.map(({ why }) => why)).toEqual(["no node is left that it could act on"]);
});

test("chaos mesh: nobody knows the leader: Chaos Mesh draws a pod, and the file says so", () => {
  const { spans } = plan([0, crash(leader)], [500, { kind: "restart", nodes: { kind: "all" } }]);
  expect(spans.map(shape)).toEqual([[0, 500, "some"]]);
  expect(spans[0]!.notes.join()).toContain("the leader cannot be selected");
});

test("chaos mesh: heal ends faults of links and no crash; what is left out is named", () => {
  const pause: Fault = { kind: "pause", nodes: { kind: "leader" } };
  const { spans, leftOut } = plan(
    ...([
      [0, loss(all, 0.1)],
      [50, isolate(node(2), "in")],
      [60, crash(node(1))],
    ] as const),
    ...([
      [70, pause],
      [80, heal],
    ] as const),
  );
  expect(spans.map(shape)).toEqual([
    [0, 80, "all"],
    [50, 80, [2]],
    [60, 1_000, [1]],
  ]);
  expect(spans[1]!.effect).toMatchObject({
    ...{ kind: "NetworkChaos", target: { kind: "nodes", ids: [1, 3] } },
    spec: { action: "partition", direction: "from" },
  });
  expect(leftOut).toEqual([
    { atMs: 70, about: "pause leader", why: "Chaos Mesh has no SIGSTOP" },
  ] satisfies LeftOut[]);
});

test("chaos mesh: stretched, every time is so many times as long", () => {
  for (const scenario of scenarios) {
    const times = ({ spans }: Plan) => spans.map(({ fromMs }) => fromMs);
    expect(times(planned(scenario, 10))).toEqual(times(planned(scenario)).map((ms) => ms * 10));
  }
});
