/**
 * A part of the page, one at a time in `main`. Reached by `#id` (and `#id/more`, which is the tab's own
 * business), the keyboard and the back button.
 */
export type Tab = {
  /** In the address, after #; lower case. */
  readonly id: string;
  readonly title: string;
  /**
   * Fills `root`, which is empty, with sections (each `<section>` is a card, with an h2). `rest` is what stands
   * behind `#id/`. Returns what ends it: close streams and timers there. Called whenever the tab is opened.
   */
  mount(root: HTMLElement, context: TabContext, rest: string): () => void;
};

export type TabContext = {
  /** GET; JSON. Rejects with a RequestProblem, whose message is for people. */
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** POST of JSON; the answer is JSON. Rejects as `get` does. */
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Says something for a few seconds, to screen readers too. */
  say(text: string): void;
  /** As `say`, for what went wrong: stays until it is dismissed. */
  complain(error: unknown): void;
  /** Opens another tab, or another part of this one: `runs/chaos/bridge/1`. */
  go(to: string): void;
};
