import { unreachable } from "../lib/assert.ts";
import { allLinks, type Link } from "./resolve.ts";
import {
  CLEAR_LINK,
  type Fault,
  type LinkState,
  type MessageFault,
  type MessageRule,
} from "./vocabulary.ts";

/** What one directed link is to do from now on. */
export type LinkSetting = Link & { readonly state: LinkState };

/** A fault on the frames of nodes' links, told apart from cuts, which name links. */
export type FrameFault = Extract<
  Fault,
  { kind: "loss" | "delay" | "duplicate" | "reorder" | "bandwidth" }
>;

/** The states of all directed links of a cluster; faults add up until `heal`. */
export class LinkTable {
  readonly #states = new Map<string, LinkSetting>();
  /** A link is clogged while either of its ends is. */
  readonly #clogged = new Set<number>();
  #notesTerms = false;
  #rules = 0;

  constructor(nodes: readonly number[]) {
    for (const link of allLinks(nodes)) this.#put({ ...link, state: CLEAR_LINK });
  }

  /** Links to and from nodes that are new among these are perfect; those of nodes gone are left out. */
  setNodes(nodes: readonly number[]): void {
    const before = new Map(this.#states);
    this.#states.clear();
    for (const link of allLinks(nodes)) {
      this.#put(
        before.get(`${link.from}>${link.to}`) ?? { ...link, state: this.#stateOfNew(link) },
      );
    }
  }

  /** All links, in the order of their ends. */
  get settings(): readonly LinkSetting[] {
    return [...this.#states.values()];
  }

  cut(links: readonly Link[]): void {
    for (const link of links) this.#change(link, (state) => ({ ...state, cut: true }));
  }

  /** Sets what is named of these links to a value, whatever faults have added up to. */
  set(links: readonly Link[], values: Partial<Pick<LinkState, "cut" | "loss" | "delayMs">>): void {
    for (const link of links) this.#change(link, (state) => ({ ...state, ...values }));
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

  /** The links of `nodes` keep all that is sent. */
  clog(nodes: readonly number[]): void {
    for (const id of nodes) this.#clogged.add(id);
    this.#applyClogs();
  }

  /** What they kept goes through, but for links whose other end is clogged still. */
  unclog(nodes: readonly number[]): void {
    for (const id of nodes) this.#clogged.delete(id);
    this.#applyClogs();
  }

  isClogged(node: number): boolean {
    return this.#clogged.has(node);
  }

  /** Adds a rule about messages to every link that begins at one of `from`. */
  rule(from: readonly number[], { message, term, first, act }: MessageFault): void {
    const rule: MessageRule = { id: ++this.#rules, message, term, first, act };
    if (term === "older") this.#notesTerms = true;
    for (const link of this.settings) {
      const rules = from.includes(link.from) ? [rule] : [];
      this.#change(link, (state) => ({
        ...state,
        rules: [...state.rules, ...rules],
        notesTerms: this.#notesTerms,
      }));
    }
  }

  heal(): void {
    this.#clogged.clear();
    this.#notesTerms = false;
    for (const link of this.settings) this.#put({ ...link, state: CLEAR_LINK });
  }

  #applyClogs(): void {
    for (const link of this.settings) {
      const clogged = this.#clogged.has(link.from) || this.#clogged.has(link.to);
      if (clogged !== link.state.clogged) this.#change(link, (state) => ({ ...state, clogged }));
    }
  }

  /** A node that is new may have a clogged one to talk to. */
  #stateOfNew({ from, to }: Link): LinkState {
    const clogged = this.#clogged.has(from) || this.#clogged.has(to);
    if (!clogged && !this.#notesTerms) return CLEAR_LINK;
    return { ...CLEAR_LINK, clogged, notesTerms: this.#notesTerms };
  }

  #change({ from, to }: Link, change: (state: LinkState) => LinkState): void {
    const setting = this.#states.get(`${from}>${to}`);
    if (setting !== undefined) this.#put({ from, to, state: change(setting.state) });
  }

  #put(setting: LinkSetting): void {
    this.#states.set(`${setting.from}>${setting.to}`, setting);
  }
}

/** Ratios add up as independent chances, times as sums; of limits the lowest holds. */
function add(state: LinkState, fault: FrameFault): LinkState {
  switch (fault.kind) {
    case "loss":
      return { ...state, loss: either(state.loss, fault.ratio) };
    case "delay":
      return {
        ...state,
        delayMs: state.delayMs + fault.ms,
        jitterMs: state.jitterMs + fault.jitterMs,
        ...(fault.tail === undefined
          ? {}
          : {
              tailRatio: either(state.tailRatio, fault.tail.ratio),
              tailMs: Math.max(state.tailMs, fault.tail.ms),
            }),
      };
    case "bandwidth":
      return { ...state, bytesPerSecond: lower(state.bytesPerSecond, fault.bytesPerSecond) };
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

/** What a link does that is `base` by itself, with the faults of `state` on it. */
export const overBase = (base: LinkState, state: LinkState): LinkState => ({
  ...state,
  loss: either(base.loss, state.loss),
  delayMs: base.delayMs + state.delayMs,
  jitterMs: base.jitterMs + state.jitterMs,
  tailRatio: either(base.tailRatio, state.tailRatio),
  tailMs: Math.max(base.tailMs, state.tailMs),
  duplicate: either(base.duplicate, state.duplicate),
  reorder: either(base.reorder, state.reorder),
  reorderWithinMs: Math.max(base.reorderWithinMs, state.reorderWithinMs),
  bytesPerSecond: lower(base.bytesPerSecond, state.bytesPerSecond),
});

/** Of two limits, of which 0 is none. */
const lower = (a: number, b: number): number => (a === 0 || b === 0 ? a + b : Math.min(a, b));

const either = (a: number, b: number): number => a + b - a * b;

/** The links that begin or end at one of `nodes`. */
export const linksOf = <L extends Link>(
  nodes: readonly number[],
  all: readonly L[],
): readonly L[] => all.filter(({ from, to }) => nodes.includes(from) || nodes.includes(to));
