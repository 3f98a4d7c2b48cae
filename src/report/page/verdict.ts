import { storageText } from "../../lib/fsync.ts";
import { countGoals } from "../figures.ts";
import { count, duration, durationMs, moment, plural, rate } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import { reproduceCommands } from "../reproduce.ts";
import type { Figure, Report, Verdict } from "../schema.ts";
import { VERDICT_WORDS, verdictSentence } from "../words.ts";
import { verdictIcon } from "./badge.ts";

export const pageHead = (report: Report): Markup =>
  html`<header class="head">
    <p class="kicker"><b>Ordeal</b> ${report.kind} report</p>
    <h1>${report.name}</h1>
    ${report.about === "" ? null : html`<p class="about">${report.about}</p>`}
    <p class="facts">
      ${[
        moment(report.startedAt),
        durationMs(report.durationMs),
        `${report.target.name} ${report.target.version}`.trim(),
        ...(report.target.nodes === 0
          ? []
          : [
              plural(report.target.nodes, "node"),
              storageText(report.target.storage, report.target.fsync),
            ]),
        `seed ${report.seed}`,
      ].map((fact) => html`<span>${fact}</span>`)}
    </p>
  </header>`;

/** The answer first: the verdict in words, the key figures, and how to run it again. */
export function verdictSection(report: Report): Markup {
  return html`<section
    id="verdict"
    class="verdict ${report.verdict}"
    aria-labelledby="verdict-word"
    tabindex="-1"
  >
    ${stamp(report.verdict, VERDICT_WORDS[report.verdict], verdictSentence(report))}
    ${voidNotes(report)} ${keyFigures(figures(report))}
    ${repeatRow("repeat", "Repeat this run", report.command)}
    ${reproduceCommands(report, folderOf(report)).map(([name, command]) =>
      repeatRow(name, REPRODUCE_WORDS[name] ?? name, command),
    )}
  </section>`;
}

/** The verdict in large; its section has the class of the verdict and the label "verdict-word". */
export const stamp = (tone: Verdict, word: string, sentence: string): Markup =>
  html`<div class="stamp">
    ${verdictIcon(tone)}
    <h2 id="verdict-word"><span class="sr">Verdict: </span>${word}</h2>
    <p>${sentence}</p>
  </div>`;

/** The figures that one looks for first. An empty note is none. */
export const keyFigures = (figures: readonly KeyFigure[]): Markup =>
  html`<dl class="figures">
    ${figures.map(
      ([name, value, note]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}${note === "" ? null : html`<small>${note}</small>`}</dd>
        </div>`,
    )}
  </dl>`;

const REPRODUCE_WORDS: Readonly<Record<string, string>> = {
  replay: "Replay its nodes",
  reproduce: "Reproduce, shrink",
};

/** Where a run is kept unless it was told otherwise (`--reports`). */
const folderOf = ({ kind, name, runId }: Report): string => `reports/${kind}/${name}/${runId}`;

/** A command with a button that copies it (copy.client.js). */
export const repeatRow = (id: string, label: string, command: string): Markup =>
  html`<div class="repeat">
    <span id="${id}-label">${label}</span>
    <code id="${id}" tabindex="0" aria-labelledby="${id}-label ${id}">${words(command)}</code>
    <button type="button" data-copy="${id}">Copy</button>
  </div>`;

/** Lines break between words only, not after the hyphens of a flag. */
const words = (command: string): Markup[] =>
  command.split(" ").map((word, i) => html`${i === 0 ? "" : " "}<span>${word}</span>`);

const voidNotes = ({ loads }: Report): Markup[] =>
  loads
    .filter(({ result }) => result.void !== null)
    .map(
      ({ name, result }) =>
        html`<p class="void"><b>Do not use the figures of ${name}:</b> ${result.void}</p>`,
    );

export type KeyFigure = readonly [name: string, value: string, note: string];

function figures(report: Report): KeyFigure[] {
  const { loads, figures: measured } = report;
  if (measured !== undefined) return measuredFigures(measured);
  const [only] = loads;
  if (loads.length === 1) {
    const { response, counts, throughput } = only!.result;
    return [
      ["Throughput", rate(throughput), "acknowledged"],
      ["p50", duration(response.p50), "response time"],
      ["p99", duration(response.p99), "response time"],
      [
        "Operations",
        count(counts.ok),
        `ok, ${count(counts.fail)} fail, ${count(counts.info)} info`,
      ],
      ...failoverFigure(report),
    ];
  }
  const sound = loads.filter(({ result }) => result.void === null);
  if (sound.length === 0) return failoverFigure(report);
  const best = sound.reduce((a, b) => (b.result.throughput > a.result.throughput ? b : a));
  const quickest = sound.reduce((a, b) => (b.result.response.p50 < a.result.response.p50 ? b : a));
  return [
    ["Configurations", count(loads.length), "measured"],
    ["Highest throughput", rate(best.result.throughput), best.name],
    ["Lowest p50", duration(quickest.result.response.p50), quickest.name],
    ...failoverFigure(report),
  ];
}

function measuredFigures(measured: readonly Figure[]): KeyFigure[] {
  const { met, missed } = countGoals(measured);
  return [
    ["Figures", count(measured.length), "measured"],
    ["Goals met", count(met), `of ${count(met + missed)}`],
  ];
}

function failoverFigure({ failovers, timeline }: Report): KeyFigure[] {
  if (timeline === null) return [];
  const acks = failovers.flatMap((f) => (f.firstAckMs === null ? [] : [f.firstAckMs]));
  const worst = acks.length === 0 ? "" : `writes again within ${durationMs(Math.max(...acks))}`;
  return [["Failovers", count(failovers.length), worst]];
}
