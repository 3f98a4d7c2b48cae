import type { LiveDocument } from "../../live/document.ts";
import { el, setText } from "../element.ts";
import type { Tab, TabContext } from "../tab.ts";
import { Charts } from "./charts.ts";
import { Events } from "./events.ts";
import { Faults } from "./faults.ts";
import { headText } from "./head.ts";
import { Lanes } from "./lanes.ts";
import { Load } from "./load.ts";
import { Ring } from "./ring.ts";
import { Shards } from "./shards.ts";
import { Start } from "./start.ts";
import { followStream } from "./stream.ts";
import "uplot/dist/uPlot.min.css";
import "./live.css";
import "./ring.css";

/** The cluster as it is now, and what can be done to it. */
export const liveTab: Tab = {
  id: "live",
  title: "Live",
  mount: (root, context) => new LiveView(root, context).open(),
};

class LiveView {
  readonly #context: TabContext;
  readonly #head: HTMLElement;
  readonly #title = el("h2", {}, "Cluster");
  readonly #about = el("p", { class: "lead" });
  readonly #stop: HTMLButtonElement;
  readonly #start: Start;
  readonly #ring: Ring;
  readonly #faults: Faults;
  readonly #charts = new Charts();
  readonly #load: Load;
  readonly #lanes = new Lanes();
  readonly #events = new Events();
  readonly #shards = new Shards();
  readonly #body: HTMLElement;
  #document: LiveDocument | null = null;
  #selected: readonly number[] = [];
  #isConnected = true;

  constructor(root: HTMLElement, context: TabContext) {
    this.#context = context;
    this.#start = new Start(context);
    this.#load = new Load(context);
    this.#faults = new Faults(context, () => this.#select([]));
    this.#ring = new Ring({
      select: (id) =>
        this.#select(
          this.#selected.includes(id)
            ? this.#selected.filter((other) => other !== id)
            : [...this.#selected, id].sort((a, b) => a - b),
        ),
      cut: (nodes) => this.#faults.partition(nodes),
    });
    this.#stop = el(
      "button",
      { type: "button", onclick: () => void this.#stopCluster() },
      "Stop cluster",
    );
    this.#head = el(
      "section",
      { class: "card head" },
      el("div", {}, this.#title, this.#about),
      this.#stop,
    );
    const ring = el(
      "section",
      { class: "card ring-card", "aria-labelledby": "ring-title" },
      el("h2", { id: "ring-title" }, "Nodes"),
      el(
        "p",
        { class: "lead" },
        "Choose nodes with a click or the space bar. Drag a line across the ring to partition it.",
      ),
      ...[this.#ring.element, legend(), this.#faults.element],
    );
    const column = (...cards: readonly HTMLElement[]): HTMLElement =>
      el("div", { class: "column" }, ...cards);
    this.#body = el(
      "div",
      { class: "live" },
      column(ring, this.#lanes.element),
      column(this.#charts.element, this.#load.element, this.#events.element),
      this.#shards.element,
    );
    root.append(this.#start.element, this.#head, this.#body);
  }

  open(): () => void {
    const close = followStream({
      document: (document) => this.#show(document),
      events: (events) => {
        this.#events.add(events);
        this.#charts.mark(this.#events.all);
      },
      samples: (samples) => this.#charts.add(samples),
      connected: (is, problem) => this.#connected(is, problem),
    });
    return () => {
      close();
      this.#ring.close();
      this.#charts.close();
      setText(connectionLine(), "");
    };
  }

  #show(document: LiveDocument): void {
    this.#document = document;
    const { phase, nodes, links, cluster, shards } = document;
    const ids = nodes.map(({ id }) => id);
    this.#selected = this.#selected.filter((id) => ids.includes(id));
    const isShown = phase === "running" && nodes.length > 0;
    this.#start.update(document);
    this.#head.hidden = phase !== "running" && phase !== "lost";
    this.#body.classList.toggle("no-cluster", !isShown);
    this.#stop.hidden = cluster?.isOurs !== true;
    const { title, about } = headText(document);
    setText(this.#title, title);
    setText(this.#about, about);
    this.#load.update(document);
    this.#faults.update(document, this.#selected);
    if (!isShown) return;
    this.#ring.update(nodes, links, this.#selected, cluster?.hasFaultyLinks === true);
    this.#lanes.update(nodes, (cluster?.shards ?? 0) > 0);
    this.#shards.update(shards);
  }

  #select(ids: readonly number[]): void {
    this.#selected = ids;
    if (this.#document !== null) this.#show(this.#document);
  }

  async #stopCluster(): Promise<void> {
    try {
      await this.#context.post("/api/live/stop");
    } catch (error) {
      this.#context.complain(error);
    }
  }

  #connected(is: boolean, problem: unknown): void {
    if (is && !this.#isConnected) this.#events.restart();
    if (!is && this.#isConnected && problem !== null) this.#context.complain(problem);
    this.#isConnected = is;
    setText(connectionLine(), is ? "● live" : "○ not connected, trying again …");
  }
}

const connectionLine = (): HTMLElement => document.getElementById("connection")!;

const legend = (): HTMLElement =>
  el(
    "ul",
    { class: "legend ring-legend" },
    ...(
      [
        ["votes", "vote request"],
        ["appends", "AppendEntries"],
        ["heartbeats", "heartbeat"],
        ["replies", "reply"],
        ["snapshots", "snapshot"],
      ] as const
    ).map(([kind, name]) => el("li", {}, el("i", { class: `dot ${kind}` }), name)),
  );
