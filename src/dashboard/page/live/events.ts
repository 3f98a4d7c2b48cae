import type { LiveEvent } from "../../live/document.ts";
import { el } from "../element.ts";

const SHOWN_MAX = 200;

/** A kind is never told by colour alone. */
const GLYPHS: Readonly<Record<LiveEvent["kind"], string>> = {
  election: "★",
  node: "●",
  fault: "⚡",
  change: "±",
  load: "▶",
  cluster: "■",
  problem: "!",
};

/** What happened, the newest first; screen readers hear what is added. */
export class Events {
  readonly element: HTMLElement;
  readonly #list = el("ol", { class: "event-list" });
  readonly #empty = el("p", { class: "lead" }, "Nothing has happened yet.");
  #last = 0;
  #all: LiveEvent[] = [];

  constructor() {
    this.element = el(
      "section",
      { class: "card events", "aria-labelledby": "events-title" },
      el("h2", { id: "events-title" }, "Events"),
      // What scrolls must be within reach of the keyboard.
      el(
        "div",
        { class: "event-box", tabindex: 0, role: "log", "aria-label": "Events, newest first" },
        this.#empty,
        this.#list,
      ),
    );
  }

  get all(): readonly LiveEvent[] {
    return this.#all;
  }

  /** Those that came before are left out: after a reconnect all come again. */
  add(events: readonly LiveEvent[]): void {
    for (const event of events) {
      if (event.seq <= this.#last) continue;
      this.#last = event.seq;
      this.#all = [...this.#all, event].slice(-SHOWN_MAX);
      this.#list.prepend(line(event));
    }
    while (this.#list.childElementCount > SHOWN_MAX) this.#list.lastElementChild?.remove();
    this.#empty.hidden = this.#all.length > 0;
  }

  /** Another dashboard process counts from 1 again. */
  restart(): void {
    this.#last = 0;
    this.#all = [];
    this.#list.replaceChildren();
  }
}

function line({ atMs, kind, text, by }: LiveEvent): HTMLElement {
  const at = new Date(atMs);
  const time = at.toLocaleTimeString("en-GB");
  return el(
    "li",
    { class: `event-${kind}` },
    el("time", { datetime: at.toISOString() }, time),
    el("i", { "aria-hidden": "true" }, GLYPHS[kind]),
    el("span", {}, text, by === null ? null : el("small", {}, ` by ${by}`)),
  );
}
