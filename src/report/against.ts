import { NOTHING, count, duration, plural, rate } from "./format.ts";
import type { Against, AgainstCase, RatioInterval } from "./schema.ts";

export const ARMS = [0, 1] as const;

export const RATIOS = [
  { id: "throughput", title: "throughput", better: "higher" },
  { id: "p50", title: "p50", better: "lower" },
  { id: "p99", title: "p99", better: "lower" },
] as const;

/** Of 2 to 5 pairs there is an interval, but not one of 95 %. */
const CONFIDENCE_WANTED = 0.95;

/** `9.42×`. */
export const ratioText = ({ ratio }: Pick<RatioInterval, "ratio">): string =>
  ratio === null ? NOTHING : `${ratio >= 100 ? count(ratio) : ratio.toPrecision(3)}×`;

/** `8.90 to 9.71`, or that it is not known. */
export const ratioIntervalText = ({ low, high }: RatioInterval): string =>
  low === null || high === null
    ? "interval unknown"
    : `${low.toPrecision(3)} to ${high.toPrecision(3)}`;

/** Which arm a ratio speaks for; null when its interval reaches over 1, or is not known. */
export function betterArm({ low, high }: RatioInterval, better: "higher" | "lower"): 0 | 1 | null {
  if (low === null || high === null || (low <= 1 && high >= 1)) return null;
  return low > 1 === (better === "higher") ? 0 : 1;
}

/** How the ratios came about, and how far to believe them. */
export function pairsText({ pairs, cases }: Against): string {
  const made = `${plural(pairs, "pair")} of runs in turns (A B B A)`;
  const confidence = Math.max(0, ...cases.map(({ ratio }) => ratio.throughput.confidence));
  if (confidence === 0) return `${made}: how far another run would be off is unknown`;
  const few = confidence < CONFIDENCE_WANTED ? "; 6 pairs make it 97 %" : "";
  return `${made}; Hodges–Lehmann, exact signed-rank intervals of ${percentOf(confidence)}${few}`;
}

const percentOf = (share: number): string => `${Math.round(share * 100)} %`;

/** Cases whose arms do not promise the same; empty: all do. */
export const unlike = ({ cases }: Against): readonly AgainstCase[] =>
  cases.filter(({ arms: [a, b] }) => a.durability.survives !== b.durability.survives);

/** The loud sentence about them: `NOT equally durable: …`; null: they are. */
export function unlikeText(against: Against): string | null {
  const cases = unlike(against);
  if (cases.length === 0) return null;
  const [{ name: first }, { name: second }] = against.arms;
  const sorts = [
    ...new Set(
      cases.map(
        ({ arms: [a, b] }) =>
          `an acknowledged write of ${first} is ${a.durability.survives}, one of ${second} ${b.durability.survives}`,
      ),
    ),
  ];
  const which = cases.length === against.cases.length ? "" : ` (${plural(cases.length, "case")})`;
  return `NOT equally durable${which}: ${sorts.join("; ")}`;
}

/** How durable an arm is, with its cases where they differ: `disk, 64 clients: on disk, synced, …: …`. */
export function durabilityTexts({ cases }: Against, arm: 0 | 1): readonly string[] {
  const said = new Map<string, string[]>();
  for (const { name, arms } of cases) {
    const { survives, how } = arms[arm].durability;
    const text = `${survives}: ${how}`;
    said.set(text, [...(said.get(text) ?? []), name]);
  }
  const all = [...said];
  return all.map(([text, names]) => (all.length === 1 ? text : `${names.join("; ")}: ${text}`));
}

/** `gRPC over …; the generator used at most 12 % of a core`. */
export function clientText({ arms, cases }: Against, arm: 0 | 1): string {
  const most = Math.max(0, ...cases.map((one) => one.arms[arm].generatorCpu));
  return `${arms[arm].client}; the generator used at most ${percentOf(most)} of a core`;
}

/** Durability and client of both arms and what was left out, a line each, for text. */
export const termLines = (against: Against): readonly string[] => [
  ...ARMS.flatMap((arm) => {
    const { name } = against.arms[arm];
    const durable = durabilityTexts(against, arm).map((text) => `durability of ${name}: ${text}`);
    return [...durable, `client of ${name}: ${clientText(against, arm)}`];
  }),
  ...against.skipped.map((why) => `skipped ${why}`),
];

/** Throughput and latencies of one arm: `61,509/s  0.80 ms  5.00 ms`. */
export const figureTexts = ({ throughput, p50Us, p99Us }: AgainstCase["arms"][0]): string[] => [
  rate(throughput),
  duration(p50Us),
  duration(p99Us),
];

/** In a terminal: both arms' figures and the ratios, case by case; durability, clients, what was left out. */
export function againstLines(against: Against): readonly string[] {
  const { arms, cases } = against;
  const width = Math.max(...arms.map(({ name }) => name.length), ...RATIOS.map((r) => r.id.length));
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(width)} ${cells.map((cell) => cell.padStart(24)).join("")}`.trimEnd();
  const warning = unlikeText(against);
  return [
    `${arms[0].name} ${arms[0].version} against ${arms[1].name} ${arms[1].version}: ${pairsText(against)}`,
    ...(warning === null ? [] : [`! ${warning}`]),
    ...cases.flatMap((one) => [
      "",
      one.name,
      row(
        "",
        RATIOS.map(({ title }) => title),
      ),
      ...ARMS.map((arm) => row(arms[arm].name, figureTexts(one.arms[arm]))),
      row(
        "ratio",
        RATIOS.map(({ id }) => ratioText(one.ratio[id])),
      ),
      row(
        "",
        RATIOS.map(({ id }) => ratioIntervalText(one.ratio[id])),
      ),
      ...notOkLines(against, one),
    ]),
    "",
    ...termLines(against),
  ];
}

function notOkLines({ arms }: Against, one: AgainstCase): string[] {
  return ARMS.flatMap((arm) => {
    const { notOk } = one.arms[arm];
    return notOk === 0 ? [] : [`  ${count(notOk)} operations of ${arms[arm].name} were not ok`];
  });
}
