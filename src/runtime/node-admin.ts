import { asGroup, asNode, NO_NODE } from "../lib/ids.ts";
import type { Host } from "../replica/host.ts";
import type { AdminOutcome } from "../replica/ports.ts";
import type { AdminPort } from "./admin-port.ts";
import { type NodeConfigFile, withNodes } from "./config.ts";
import type { Groups } from "./groups.ts";
import type { Log } from "./logging.ts";
import type { OpenStorage } from "./open-storage.ts";

/** The parts of a node that an operator's orders reach. */
export type NodeAdminOptions = {
  readonly log: Log;
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

  constructor(options: NodeAdminOptions) {
    this.#options = options;
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
