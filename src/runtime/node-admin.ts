import { asGroup, asNode, NO_NODE } from "../lib/ids.ts";
import type { Host } from "../replica/host.ts";
import type { AdminOutcome } from "../replica/ports.ts";
import type { AdminPort } from "./admin-port.ts";
import { firstVoters, type NodeAddress, type NodeConfigFile, withNodes } from "./config.ts";
import type { Groups } from "./groups.ts";
import type { Log } from "./logging.ts";
import type { NodesReport } from "./nodes-report.ts";
import type { OpenStorage } from "./open-storage.ts";
import { resign } from "./resign.ts";

/** The parts of a node that an operator's orders reach. */
export type NodeAdminOptions = {
  readonly id: number;
  readonly log: Log;
  /** To whom messages get out now. */
  readonly connected: () => readonly number[];
  readonly groups: Groups;
  readonly opened: Pick<OpenStorage, "addGroup">;
  /** As it is now. */
  readonly config: () => NodeConfigFile;
  /** The nodes, or where they are, have changed. */
  readonly onConfig: (config: NodeConfigFile) => void;
  /** Something was asked of the replicas: the time to schedule a pump. */
  readonly onBurst: () => void;
};

/** What an operator asks of a running node. */
export class NodeAdmin implements AdminPort {
  readonly #options: NodeAdminOptions;
  readonly #instance = crypto.getRandomValues(new Uint32Array(1))[0]!;

  /** Of the config that the node began with: nodes that came later are none of them. */
  readonly #firstVoters: readonly number[];

  constructor(options: NodeAdminOptions) {
    this.#options = options;
    this.#firstVoters = firstVoters(options.config());
  }

  changeMembership(
    voters: readonly number[],
    learners: readonly number[],
    done: (outcome: AdminOutcome) => void,
  ): void {
    const { groups, onBurst } = this.#options;
    groups.first.changeMembership(voters.map(asNode), learners.map(asNode), done);
    onBurst();
  }

  transfer(group: number, to: number, done: (outcome: AdminOutcome) => void): void {
    this.#order(group, done, (replica) => replica.transferLeadership(asNode(to), done));
  }

  takeSnapshot(group: number, done: (outcome: AdminOutcome) => void): void {
    this.#order(group, done, (replica) => replica.takeSnapshot(done));
  }

  addGroup(id: number, nodes: readonly number[]): string | null {
    const { groups, opened, config, log, onBurst } = this.#options;
    const known = config().nodes.map((node) => node.id);
    const problem = groups.problemWith(id, nodes, known);
    if (problem !== null || groups.host.replica(id) !== null) return problem;
    groups.add(opened.addGroup({ id: asGroup(id), nodes }));
    log.info({ event: "groupAdded", group: id, nodes }, "hosts one more group");
    onBurst();
    return null;
  }

  setNodes(body: unknown): string | null {
    const { config, onConfig, log } = this.#options;
    const changed = withNodes(config(), body);
    if (typeof changed === "string") return changed;
    onConfig(changed);
    const nodes = changed.nodes.map((node) => node.id);
    log.info({ event: "nodesChanged", nodes }, "knows where these nodes are");
    return null;
  }

  addNodes(added: readonly NodeAddress[]): string | null {
    const { id: self, config } = this.#options;
    const { nodes, links } = config();
    // Who was there and does not answer has left its ports to another.
    const isGone = ({ id }: NodeAddress): boolean => id !== self && !this.isConnected(id);
    const goes = (node: NodeAddress): boolean =>
      added.some((one) => one.id === node.id || (clash(one, node) && isGone(node)));
    const others = nodes.filter((node) => !goes(node));
    return this.setNodes({ nodes: [...others, ...added].sort((a, b) => a.id - b.id), links });
  }

  nodes(): NodesReport {
    const { id, groups, config } = this.#options;
    const { clusterId, nodes, sharding, raft } = config();
    const { leaderId, membership } = groups.first.status();
    return {
      ...{ clusterId, id, instance: this.#instance, leaderId, nodes },
      ...{ firstVoters: this.#firstVoters, membership },
      ...(sharding && { sharding }),
      ...(raft && { raft }),
    };
  }

  resign(): Promise<void> {
    return resign({ ...this.#options, admin: this });
  }

  isConnected(id: number): boolean {
    return this.#options.connected().includes(id);
  }

  leaderId(group: number): number {
    return this.#options.groups.host.replica(group)?.status().leaderId ?? NO_NODE;
  }

  #order(
    group: number,
    done: (outcome: AdminOutcome) => void,
    act: Parameters<Host["with"]>[1],
  ): void {
    const { groups, onBurst } = this.#options;
    const reason = `this node has no group ${group}`;
    if (!groups.host.with(group, act)) done({ outcome: "refused", reason });
    onBurst();
  }
}

/** Whether the two cannot both be there. */
const clash = (a: NodeAddress, b: NodeAddress): boolean =>
  a.host === b.host &&
  [a.peerPort, a.clientPort, a.httpPort].some((port) =>
    [b.peerPort, b.clientPort, b.httpPort].includes(port),
  );
