import uPlot from "uplot";
import { duration, rate } from "../../../report/format.ts";
import type { LiveEvent, Sample } from "../../live/document.ts";
import { el, setText } from "../element.ts";

const WINDOW_MS = 60_000;
const SAMPLES_MAX = 130;
const HEIGHT = 150;
const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Throughput and latency of the last minute; elections and faults are lines across them. */
export class Charts {
  readonly element: HTMLElement;
  readonly #throughput: Chart;
  readonly #latency: Chart;
  #samples: Sample[] = [];
  #marks: readonly LiveEvent[] = [];
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #redraw = (): void => this.#draw();

  constructor() {
    const marks = (): readonly LiveEvent[] => this.#marks;
    this.#throughput = new Chart(
      "Throughput",
      [
        { key: "ok", label: "operations", colour: "ok" },
        { key: "failed", label: "failed", colour: "fail" },
        { key: "commits", label: "entries committed", colour: "curve-2" },
      ],
      { format: rate, isLog: false },
      marks,
    );
    this.#latency = new Chart(
      "Response time",
      [
        { key: "p50", label: "p50", colour: "p50" },
        { key: "p99", label: "p99", colour: "p99" },
      ],
      { format: duration, isLog: true },
      marks,
    );
    this.element = el(
      "section",
      { class: "card live-charts", "aria-labelledby": "charts-title" },
      el("h2", { id: "charts-title", class: "sr" }, "Throughput and response time"),
      ...[this.#throughput.element, this.#latency.element],
    );
    this.#scheme.addEventListener("change", this.#redraw);
  }

  add(samples: readonly Sample[]): void {
    const last = this.#samples.at(-1)?.atMs ?? 0;
    const more = samples.filter(({ atMs }) => atMs > last);
    this.#samples = [...this.#samples, ...more].slice(-SAMPLES_MAX);
    this.#draw();
  }

  mark(events: readonly LiveEvent[]): void {
    this.#marks = events.filter(({ kind }) => kind === "election" || kind === "fault");
  }

  close(): void {
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#throughput.close();
    this.#latency.close();
  }

  #draw(): void {
    const x = this.#samples.map(({ atMs }) => atMs / 1000);
    const of = (read: (sample: Sample) => number | null): (number | null)[] =>
      this.#samples.map(read);
    this.#throughput.show([x, of((s) => s.ok), of((s) => s.failed), of((s) => s.commits)]);
    this.#latency.show([x, of((s) => s.p50Us), of((s) => s.p99Us)]);
  }
}

type Line = { readonly key: string; readonly label: string; readonly colour: string };
type Axis = { readonly format: (value: number | null) => string; readonly isLog: boolean };

class Chart {
  readonly element: HTMLElement;
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #values: readonly HTMLElement[];
  readonly #axis: Axis;
  readonly #resized: ResizeObserver;

  constructor(
    title: string,
    lines: readonly Line[],
    axis: Axis,
    marks: () => readonly LiveEvent[],
  ) {
    this.#axis = axis;
    this.#values = lines.map(() => el("output", {}, "–"));
    const legend = lines.map((line, i) =>
      el("li", {}, el("i", { class: `swatch ${line.key}` }), line.label, " ", this.#values[i]!),
    );
    this.#host = el("div", { class: "live-chart", role: "img", "aria-label": `${title}, chart` });
    this.element = el(
      "figure",
      {},
      el("figcaption", {}, el("h3", {}, title), el("ul", { class: "legend" }, ...legend)),
      this.#host,
    );
    const empty = [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData;
    this.#plot = new uPlot(optionsOf(lines, axis, marks), empty, this.#host);
    this.#resized = new ResizeObserver(() => {
      const width = this.#host.clientWidth;
      if (width > 0) this.#plot.setSize({ width, height: HEIGHT });
    });
    this.#resized.observe(this.#host);
  }

  show(data: readonly (readonly (number | null)[])[]): void {
    this.#plot.setData(data as unknown as uPlot.AlignedData);
    for (const [i, output] of this.#values.entries()) {
      setText(output, this.#axis.format(data[i + 1]!.at(-1) ?? null));
    }
  }

  close(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }
}

function optionsOf(
  lines: readonly Line[],
  { format, isLog }: Axis,
  marks: () => readonly LiveEvent[],
): uPlot.Options {
  const axis = {
    ...{ stroke: () => colour("muted"), font: FONT, ticks: { show: false }, gap: 6 },
    grid: { stroke: () => colour("grid"), width: 1 },
  };
  const seconds = (_: uPlot, ticks: number[]): string[] => {
    const now = Date.now() / 1000;
    return ticks.map((at) => (now - at < 2 ? "now" : `−${Math.round(now - at)}s`));
  };
  return {
    ...{ width: 300, height: HEIGHT, legend: { show: false } },
    cursor: { show: false },
    padding: [10, 20, 0, 0],
    scales: {
      x: { time: false, range: () => [(Date.now() - WINDOW_MS) / 1000, Date.now() / 1000] },
      y: isLog
        ? {
            distr: 3,
            range: (_, min, max) =>
              min === null ? [100, 100_000] : uPlot.rangeLog(min, max, 10, true),
          }
        : { range: (_, _min, max) => [0, Math.max(10, (max ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...{ ...axis, size: 24, values: seconds },
        // Fixed: time passes below them.
        splits: () => [60, 45, 30, 15, 0].map((ago) => Date.now() / 1000 - ago),
      },
      {
        ...{ ...axis, size: 58 },
        // Of a logarithmic axis the powers of ten.
        ...(isLog && {
          grid: { ...axis.grid, filter: (_: uPlot, splits: number[]) => splits.map(powersOfTen) },
        }),
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : short(format(tick)))),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        ...{ label: line.label, stroke: () => colour(line.colour), width: 1.5 },
        points: { show: false },
      })),
    ],
    hooks: { drawClear: [(plot: uPlot) => drawMarks(plot, marks())] },
  };
}

const powersOfTen = (value: number): number | null =>
  Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6) ? value : null;

/** For axes. */
const short = (text: string): string =>
  text
    .replace(".00", "")
    .replace(/\.0(?= )/, "")
    .replace("/s", "");

function drawMarks(plot: uPlot, events: readonly LiveEvent[]): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  for (const { atMs, kind } of events) {
    const x = plot.valToPos(atMs / 1000, "x", true);
    if (x < left || x > left + width) continue;
    ctx.fillStyle = colour(kind === "election" ? "unknown" : "process");
    ctx.globalAlpha = 0.75;
    ctx.fillRect(x, top, devicePixelRatio, height);
  }
  ctx.restore();
}
