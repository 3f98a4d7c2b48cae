import type { Catalogue, RunRequest, RunState } from "./document.ts";

/** Runs one scenario or suite at a time. The command line makes it (cli/dashboard/): only it knows processes. */
export type RunHost = {
  catalogue(): Promise<Catalogue>;
  readonly state: RunState;
  /** Calls `changed` whenever `state` is another; returns what ends that. */
  watch(changed: () => void): () => void;
  /** Throws when one is under way; UserError for a request that cannot be run. */
  start(request: RunRequest, by: string): void;
  /** Interrupts it, as Ctrl-C does; a second time does not wait for it. Throws when none is under way. */
  stop(): void;
  /** Ends what is under way. */
  close(): Promise<void>;
};
