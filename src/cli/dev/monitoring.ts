import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const MONITORING = `${import.meta.dir}/../../../deploy/monitoring`;

/** A query of a panel or an alert, with where it is. */
export type Query = { readonly where: string; readonly query: string };

type Panel = {
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
};

export type Dashboard = BoardFile & { readonly file: string };

type BoardFile = {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};

type Rules = {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
};

export function dashboards(): readonly Dashboard[] {
  const dir = join(MONITORING, "grafana/dashboards");
  return readdirSync(dir).map((file) => {
    return { file, ...(JSON.parse(readFileSync(join(dir, file), "utf8")) as BoardFile) };
  });
}

/** As Grafana would ask: all nodes of the cluster `job`. */
const filled = (query: string, job: string): string =>
  query.replaceAll("$job", job).replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m");

export const panelQueries = ({ file, panels }: Dashboard, job: string): readonly Query[] =>
  panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `${file}: ${title}`, query: filled(expr, job) })),
  );

/** Of the variables of a dashboard, and of what is marked on its time line. */
export const otherQueries = (board: Dashboard, job: string): readonly Query[] => [
  ...board.templating.list.map(({ name, query }) => {
    // `label_values(SELECTOR, LABEL)` is Grafana's own.
    const inner = /^label_values\((.*), \w+\)$/.exec(query)![1]!;
    return { where: `${board.file}: variable ${name}`, query: filled(inner, job) };
  }),
  ...board.annotations.list.map(({ expr }) => ({
    where: `${board.file}: annotation`,
    query: expr,
  })),
];

export function alertQueries(): readonly Query[] {
  const rules = Bun.YAML.parse(readFileSync(join(MONITORING, "alerts.yml"), "utf8")) as Rules;
  return rules.groups
    .flatMap((group) => group.rules)
    .map(({ alert, expr }) => ({ where: `alert ${alert}`, query: expr }));
}
