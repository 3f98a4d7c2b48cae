import type { Membership } from "../raft/api.ts";
import type { NodeAddress, NodeConfigFile } from "./config.ts";

/** What a node tells of its cluster at GET /admin/nodes, for those who look for it or want to join. */
export type NodesReport = {
  readonly clusterId: string;
  /** Who answers. */
  readonly id: number;
  /** Another number for each process: two of them under one id are told apart. */
  readonly instance: number;
  /** 0: none is known. */
  readonly leaderId: number;
  /** Where it knows nodes to be, itself included; perhaps also some that have left. */
  readonly nodes: readonly NodeAddress[];
  /** The membership of an empty log, the same for every node and for ever. */
  readonly firstVoters: readonly number[];
  /** As of the last membership entry in its log, committed or not. */
  readonly membership: Membership;
  readonly sharding?: NodeConfigFile["sharding"];
  readonly raft?: NodeConfigFile["raft"];
};

export const membersOf = ({ voters, votersOutgoing, learners }: Membership): readonly number[] => [
  ...voters,
  ...votersOutgoing,
  ...learners,
];
