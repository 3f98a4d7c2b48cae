import { count, duration, rate } from "../../../report/format.ts";
import type { RunState } from "../../runs/document.ts";
import { el, setText } from "../element.ts";
import { badge } from "../fields.ts";
import type { TabContext } from "../tab.ts";
import { endWords, faultWords, leaderWords, phaseWords, shareDone } from "./run-words.ts";

const FACTS = ["Faults in force", "Leader", "Throughput", "p99", "Operations", "Seed"] as const;

/** The run that is under way, or the last one with its verdict. */
export class RunCard {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #title = el("h2", { id: "run-title" });
  readonly #phase = el("p", { class: "lead", role: "status" });
  readonly #bar = el("progress", { max: 1, "aria-label": "Share of the load that is over" });
  readonly #facts = el("dl", { class: "run-facts" });
  readonly #values = new Map(FACTS.map((name) => [name, el("dd", {}, "–")]));
  readonly #violation = el("p", { class: "run-violation", role: "alert" });
  readonly #end = el("div", { class: "run-end" });
  readonly #command = el("code", {});
  readonly #commandLine = el("p", { class: "run-command" }, "The same by hand: ", this.#command);
  readonly #stop: HTMLButtonElement;

  constructor(context: TabContext) {
    this.#context = context;
    this.#stop = el("button", { type: "button", onclick: () => void this.#interrupt() }, "Stop");
    for (const [name, value] of this.#values) {
      this.#facts.append(el("div", {}, el("dt", {}, name), value));
    }
    this.element = el(
      "section",
      { class: "card run-card", "aria-labelledby": "run-title" },
      el("div", { class: "run-head" }, el("div", {}, this.#title, this.#phase), this.#stop),
      ...[this.#bar, this.#facts, this.#violation, this.#end, this.#commandLine],
    );
  }

  update(state: RunState): void {
    const { phase, name, kind, command, progress } = state;
    this.element.hidden = phase === "none";
    const isOver = phase === "ended";
    setText(this.#title, kind === "bench" ? `Benchmark ${name}` : name);
    setText(this.#phase, isOver ? endWords(state) : phaseWords(state));
    setText(this.#command, command);
    this.#stop.hidden = isOver;
    setText(this.#stop, phase === "stopping" ? "Stop at once" : "Stop");
    const share = shareDone(state);
    this.#bar.hidden = isOver;
    if (share === null) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
    this.#facts.hidden = progress === null || (isOver && state.outcome?.verdict == null);
    if (progress !== null) {
      this.#fact("Faults in force", faultWords(progress));
      this.#fact("Leader", leaderWords(progress));
      this.#fact("Throughput", rate(progress.throughput));
      this.#fact("p99", duration(progress.p99Us));
      const { ok, fail, info } = progress.total;
      this.#fact("Operations", `${count(ok)} ok, ${count(fail)} failed, ${count(info)} unknown`);
      this.#fact("Seed", String(progress.seed));
    }
    const violation = isOver ? null : (progress?.violation ?? null);
    this.#violation.hidden = violation === null;
    setText(this.#violation, violation === null ? "" : `Violation: ${violation}`);
    this.#showEnd(state);
  }

  #fact(name: (typeof FACTS)[number], text: string): void {
    setText(this.#values.get(name)!, text);
  }

  #showEnd({ outcome, kind }: RunState): void {
    this.#end.replaceChildren();
    if (outcome === null) return;
    const { verdict, checks, folder, said } = outcome;
    if (verdict !== null) {
      const open = folder === null ? null : reportLink(folder);
      this.#end.append(el("p", { class: "run-verdict" }, badge(verdict), open));
      if (kind === "planted") {
        const text =
          "This violation was planted: the nodes of this run were changed on purpose. The report explains it.";
        this.#end.append(el("p", { class: "lead" }, text));
      }
    }
    const items = checks.map((check) =>
      el("li", {}, badge(check.verdict, check.name), el("span", {}, check.detail)),
    );
    if (items.length > 0) this.#end.append(el("ul", { class: "run-checks" }, ...items));
    if (verdict === null && said !== "" && !outcome.wasInterrupted) {
      this.#end.append(el("pre", { tabindex: 0, "aria-label": "What it said" }, said));
    }
  }

  async #interrupt(): Promise<void> {
    try {
      await this.#context.post("/api/runs/stop");
    } catch (error) {
      this.#context.complain(error);
    }
  }
}

/** In a tab of its own: the page here may show a cluster that runs. */
const reportLink = (folder: string): HTMLElement =>
  el(
    "a",
    {
      class: "button",
      href: `/reports/${folder.split("/").map(encodeURIComponent).join("/")}/report.html`,
      ...{ target: "_blank", rel: "noopener" },
    },
    "Open the report",
  );
