import { unreachable } from "../lib/assert.ts";
import { allLinks, type Link } from "./resolve.ts";
import { CLEAR_LINK, type Fault, type LinkState } from "./vocabulary.ts";

/** What one directed link is to do from now on. */
export type LinkSetting = Link & { readonly state: LinkState };

/** A fault on the frames of nodes' links, told apart from cuts, which name links. */
export type FrameFault = Extract<Fault, { kind: "loss" | "delay" | "duplicate" | "reorder" }>;

/** The states of all directed links of a cluster; faults add up until `heal`. */
export class LinkTable {
  readonly #states = new Map<string, LinkSetting>();

  constructor(nodes: readonly number[]) {
    for (const link of allLinks(nodes)) this.#put({ ...link, state: CLEAR_LINK });
  }

  /** Links to and from nodes that are new among these are perfect; those of nodes gone are left out. */
  setNodes(nodes: readonly number[]): void {
    const before = new Map(this.#states);
    this.#states.clear();
    for (const link of allLinks(nodes)) {
      this.#put(before.get(`${link.from}>${link.to}`) ?? { ...link, state: CLEAR_LINK });
    }
  }

  /** All links, in the order of their ends. */
  get settings(): readonly LinkSetting[] {
    return [...this.#states.values()];
  }

  cut(links: readonly Link[]): void {
    for (const link of links) this.#change(link, (state) => ({ ...state, cut: true }));
  }

  /** Cuts the links of `nodes`: what they hear, what others hear of them, or both. */
  isolate(nodes: readonly number[], direction: "both" | "in" | "out"): void {
    this.cut(
      this.settings.filter(
        ({ from, to }) =>
          (direction !== "in" && nodes.includes(from)) ||
          (direction !== "out" && nodes.includes(to)),
      ),
    );
  }

  /** Adds `fault` to every link that begins or ends at one of `nodes`. */
  disturb(nodes: readonly number[], fault: FrameFault): void {
    for (const link of this.settings) {
      if (!nodes.includes(link.from) && !nodes.includes(link.to)) continue;
      this.#change(link, (state) => add(state, fault));
    }
  }

  heal(): void {
    for (const link of this.settings) this.#put({ ...link, state: CLEAR_LINK });
  }

  #change({ from, to }: Link, change: (state: LinkState) => LinkState): void {
    const setting = this.#states.get(`${from}>${to}`);
    if (setting !== undefined) this.#put({ from, to, state: change(setting.state) });
  }

  #put(setting: LinkSetting): void {
    this.#states.set(`${setting.from}>${setting.to}`, setting);
  }
}

/** Ratios add up as independent chances, times as sums. */
function add(state: LinkState, fault: FrameFault): LinkState {
  switch (fault.kind) {
    case "loss":
      return { ...state, loss: either(state.loss, fault.ratio) };
    case "delay":
      return {
        ...state,
        delayMs: state.delayMs + fault.ms,
        jitterMs: state.jitterMs + fault.jitterMs,
      };
    case "duplicate":
      return { ...state, duplicate: either(state.duplicate, fault.ratio) };
    case "reorder":
      return {
        ...state,
        reorder: either(state.reorder, fault.ratio),
        reorderWithinMs: Math.max(state.reorderWithinMs, fault.withinMs),
      };
    default:
      return unreachable(fault);
  }
}

const either = (a: number, b: number): number => a + b - a * b;
