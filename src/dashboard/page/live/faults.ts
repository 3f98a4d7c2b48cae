import type { LiveDocument } from "../../live/document.ts";
import { el, setText } from "../element.ts";
import type { TabContext } from "../tab.ts";
import { type FaultButton, faultButtons, selectionText, worstOf } from "./faults-model.ts";
import { leaderOf, linksAt } from "./ring-model.ts";

const KINDS: readonly FaultButton["kind"][] = [
  ...(["crash", "pause", "resume", "restart", "isolate", "partition"] as const),
];

/** The buttons and sliders below the ring. */
export class Faults {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #clear: () => void;
  readonly #selection = el("span", { role: "status" });
  readonly #buttons = new Map<string, HTMLButtonElement>();
  readonly #leader: HTMLButtonElement;
  readonly #unselect: HTMLButtonElement;
  readonly #heal: HTMLButtonElement;
  readonly #recover: HTMLButtonElement;
  readonly #links: HTMLFieldSetElement;
  readonly #legend = el("legend");
  readonly #loss: Slider;
  readonly #delay: Slider;
  #document: LiveDocument | null = null;
  #selected: readonly number[] = [];

  constructor(context: TabContext, clearSelection: () => void) {
    this.#context = context;
    this.#clear = clearSelection;
    for (const kind of KINDS) {
      this.#buttons.set(
        kind,
        button("", () => void this.#press(kind)),
      );
    }
    this.#leader = button("Crash the leader", () => void this.#crashLeader());
    this.#unselect = button("Clear selection", () => this.#clear());
    this.#heal = button("Heal links", () => void this.#ask({ kind: "heal" }));
    this.#recover = button("Lift all faults", () => void this.#ask({ kind: "recover" }));
    this.#recover.className = "primary";
    this.#loss = new Slider(
      "Loss",
      0,
      100,
      5,
      (value) => `${value} %`,
      () => void this.#setLinks(),
    );
    this.#delay = new Slider(
      "Delay",
      0,
      1000,
      10,
      (value) => `${value} ms`,
      () => void this.#setLinks(),
    );
    this.#links = el("fieldset", { class: "links-fields" }, this.#legend);
    this.#links.append(this.#loss.element, this.#delay.element);
    this.element = el(
      "div",
      { class: "faults" },
      el("p", { class: "selection" }, this.#selection, this.#unselect),
      el("div", { class: "buttons" }, ...this.#buttons.values()),
      this.#links,
      el("div", { class: "buttons" }, this.#leader, this.#heal, this.#recover),
    );
  }

  update(document: LiveDocument, selected: readonly number[]): void {
    this.#document = document;
    this.#selected = selected;
    const { nodes, links, cluster } = document;
    const mayCut = cluster?.hasFaultyLinks === true;
    setText(this.#selection, selectionText(nodes, selected));
    for (const { kind, label, nodes: those } of faultButtons(nodes, selected, mayCut)) {
      const element = this.#buttons.get(kind)!;
      setText(element, label);
      element.disabled = those.length === 0;
    }
    this.#leader.disabled = leaderOf(nodes) === null;
    this.#unselect.hidden = selected.length === 0;
    this.#heal.disabled = links.length === 0;
    const isHurt = nodes.some(({ role }) => role === "down" || role === "paused");
    this.#recover.disabled = links.length === 0 && !isHurt;
    const whose = selected.length === 0 ? "All links" : `Links of node ${selected.join(", ")}`;
    setText(this.#legend, mayCut ? whose : "Links (started without --faulty-links)");
    this.#links.disabled = !mayCut || nodes.length < 2;
    const ids = nodes.map(({ id }) => id);
    const { loss, delayMs } = worstOf(ids, links, selected);
    this.#loss.show(Math.round(loss * 100));
    this.#delay.show(delayMs);
  }

  /** By a line through the ring. */
  partition(nodes: readonly number[]): void {
    void this.#ask({ kind: "partition", nodes });
  }

  async #press(kind: FaultButton["kind"]): Promise<void> {
    const { nodes = [], cluster = null } = this.#document ?? {};
    const all = faultButtons(nodes, this.#selected, cluster?.hasFaultyLinks === true);
    const pressed = all.find((each) => each.kind === kind);
    if (pressed !== undefined) await this.#ask({ kind, nodes: pressed.nodes });
  }

  async #crashLeader(): Promise<void> {
    const leader = leaderOf(this.#document?.nodes ?? []);
    if (leader !== null) await this.#ask({ kind: "crash", nodes: [leader.id] });
  }

  async #setLinks(): Promise<void> {
    const ids = (this.#document?.nodes ?? []).map(({ id }) => id);
    const links = linksAt(ids, this.#selected);
    const [loss, delayMs] = [this.#loss.value / 100, this.#delay.value];
    await this.#ask({ kind: "links", links, loss, delayMs });
  }

  async #ask(fault: object): Promise<void> {
    try {
      await this.#context.post("/api/live/fault", fault);
    } catch (error) {
      this.#context.complain(error);
    }
  }
}

const button = (label: string, onclick: () => void): HTMLButtonElement =>
  el("button", { type: "button", onclick }, label);

/** A slider with its value beside it. While a person holds it, it does not follow what is shown. */
class Slider {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #output = el("output", {});
  readonly #words: (value: number) => string;
  #isHeld = false;

  constructor(
    label: string,
    min: number,
    max: number,
    step: number,
    words: (value: number) => string,
    onChange: () => void,
  ) {
    this.#words = words;
    this.#input = el("input", { type: "range", min, max, step, value: min });
    this.#input.addEventListener("input", () => {
      this.#isHeld = true;
      setText(this.#output, words(this.value));
    });
    this.#input.addEventListener("change", () => {
      onChange();
      this.#isHeld = false;
    });
    this.element = el(
      "label",
      { class: "slider" },
      el("span", {}, label),
      this.#input,
      this.#output,
    );
  }

  get value(): number {
    return Number(this.#input.value);
  }

  show(value: number): void {
    if (this.#isHeld) return;
    this.#input.value = String(value);
    setText(this.#output, this.#words(value));
  }
}
