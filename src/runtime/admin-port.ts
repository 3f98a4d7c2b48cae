import type { AdminOutcome } from "../replica/ports.ts";
import type { NodeAddress } from "./config.ts";
import type { NodesReport } from "./nodes-report.ts";

/** What an operator can ask of a node. `done` is called once, when it is over. */
export type AdminPort = {
  changeMembership(
    voters: readonly number[],
    learners: readonly number[],
    done: (outcome: AdminOutcome) => void,
  ): void;
  transfer(group: number, to: number, done: (outcome: AdminOutcome) => void): void;
  takeSnapshot(group: number, done: (outcome: AdminOutcome) => void): void;
  /** Hosts one more group, durably, until the end of the cluster; says why it does not, or null. */
  addGroup(id: number, nodes: readonly number[]): string | null;
  /** Takes a { nodes, links? } as in the config file; says what is wrong with it, or null. */
  setNodes(body: unknown): string | null;
  /** Takes these besides, or instead, of those with their ids; says what is wrong with them, or null. */
  addNodes(nodes: readonly NodeAddress[]): string | null;
  /** Who is there, and where. */
  nodes(): NodesReport;
  /** Messages get out to it now. */
  isConnected(id: number): boolean;
  /** What comes before the end of the node: hands over what it leads, and answers what it took (resign.ts). */
  resign(): Promise<void>;
  /** 0: none is known. */
  leaderId(group: number): number;
};
