import type { AdminOutcome } from "../replica/ports.ts";

/** What an operator can ask of a node. `done` is called once, when it is over. */
export type AdminPort = {
  changeMembership(
    voters: readonly number[],
    learners: readonly number[],
    done: (outcome: AdminOutcome) => void,
  ): void;
  transfer(to: number, done: (outcome: AdminOutcome) => void): void;
  takeSnapshot(done: (outcome: AdminOutcome) => void): void;
  /** Takes a { nodes, links? } as in the config file; says what is wrong with it, or null. */
  setNodes(body: unknown): string | null;
  /** 0: none is known. */
  leaderId(): number;
};
