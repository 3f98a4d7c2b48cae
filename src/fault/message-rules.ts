import type { MessageName, MessageRule } from "./vocabulary.ts";

/** What a frame between nodes says, as far as rules ask. */
export type FrameMeaning = {
  readonly message: MessageName;
  readonly term: number;
  /** A pre-vote names the term that its sender would campaign in: nobody is in it yet. */
  readonly pre: boolean;
};

/** The highest term that the links of a cluster have carried since someone wanted to know. */
export class TermWatch {
  highest = 0;

  note({ term, pre }: FrameMeaning): void {
    if (!pre && term > this.highest) this.highest = term;
  }
}

/** What all rules together do to one frame. */
export type RuleVerdict = {
  readonly drop: boolean;
  readonly copies: number;
  /** Held back for so long; those behind it overtake. */
  readonly delayMs: number;
};

const UNTOUCHED: RuleVerdict = { drop: false, copies: 1, delayMs: 0 };

/** The rules of one directed link, and how many frames each has matched. */
export class MessageRules {
  readonly #terms: TermWatch;
  readonly #matched = new Map<number, number>();
  #rules: readonly MessageRule[] = [];

  constructor(terms: TermWatch) {
    this.#terms = terms;
  }

  /** A rule that was there before goes on counting. */
  set(rules: readonly MessageRule[]): void {
    this.#rules = rules;
    for (const id of this.#matched.keys()) {
      if (!rules.some((rule) => rule.id === id)) this.#matched.delete(id);
    }
  }

  judge(frame: FrameMeaning): RuleVerdict {
    let verdict = UNTOUCHED;
    for (const rule of this.#rules) {
      if (!this.#takes(rule, frame)) continue;
      const { drop, copies, delayMs } = verdict;
      if (rule.act === "drop") verdict = { ...verdict, drop: true };
      else if (rule.act === "duplicate") verdict = { drop, copies: copies + 1, delayMs };
      else verdict = { drop, copies, delayMs: delayMs + rule.act.delayMs };
    }
    return verdict;
  }

  #takes({ id, message, term, first }: MessageRule, frame: FrameMeaning): boolean {
    if (message !== frame.message) return false;
    if (term === "older" && frame.term >= this.#terms.highest) return false;
    if (first === null) return true;
    const matched = this.#matched.get(id) ?? 0;
    if (matched >= first) return false;
    this.#matched.set(id, matched + 1);
    return true;
  }
}
