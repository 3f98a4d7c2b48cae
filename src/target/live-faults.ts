import { LinkTable } from "../fault/link-table.ts";
import type { Link } from "../fault/resolve.ts";
import { CLEAR_LINK } from "../fault/vocabulary.ts";
import { unreachable } from "../lib/assert.ts";
import { UserError } from "../lib/user-error.ts";
import type { NodeAddress } from "../runtime/config.ts";
import type { NodeState } from "./local-nodes.ts";
import type { LocalSupervisor } from "./local-supervisor.ts";

/** What a person does to a running cluster, by hand, and sees at once. Links are directed. */
export type LiveFault =
  | { readonly kind: "crash" | "restart" | "pause" | "resume"; readonly nodes: readonly number[] }
  /** Cuts every link between `nodes` and the others, both ways. */
  | { readonly kind: "partition"; readonly nodes: readonly number[] }
  /** Cuts every link of `nodes`, those among them too. */
  | { readonly kind: "isolate"; readonly nodes: readonly number[] }
  /** Sets what is named of these links, until it is set anew or healed. */
  | {
      readonly kind: "links";
      readonly links: readonly Link[];
      readonly cut?: boolean | undefined;
      /** Share of the frames that is lost, 0 to 1. */
      readonly loss?: number | undefined;
      /** Milliseconds. */
      readonly delayMs?: number | undefined;
    }
  /** Lifts all faults of links. */
  | { readonly kind: "heal" }
  /** As `heal`; resumes and restarts every node as well. */
  | { readonly kind: "recover" };

/** A link that is not perfect. */
export type LinkView = Link & {
  readonly cut: boolean;
  readonly loss: number;
  readonly delayMs: number;
};

/** What the parent of the nodes knows of them. */
export type LiveState = {
  readonly clusterId: string;
  readonly nodes: readonly (NodeAddress & { readonly pid: number; readonly state: NodeState })[];
  /** Only those that are not perfect. */
  readonly links: readonly LinkView[];
  /** False: faults of links are refused. */
  readonly hasFaultyLinks: boolean;
};

/** Faults that come one by one from a person. What a cluster was started without is refused, with the reason. */
export class LiveFaults {
  readonly #supervisor: LocalSupervisor;
  readonly #links: LinkTable;

  constructor(supervisor: LocalSupervisor) {
    this.#supervisor = supervisor;
    this.#links = new LinkTable(supervisor.nodeIds);
  }

  get state(): LiveState {
    const { config, nodes, hasFaultyLinks } = this.#supervisor;
    return {
      clusterId: config.clusterId,
      nodes: config.nodes.map((node) => ({
        ...{ ...node, pid: nodes.pid(node.id), state: nodes.state(node.id) },
      })),
      links: this.#links.settings
        .filter(({ state }) => state !== CLEAR_LINK)
        .map(({ from, to, state }) => ({
          ...{ from, to, cut: state.cut, loss: state.loss, delayMs: state.delayMs },
        }))
        .filter(({ cut, loss, delayMs }) => cut || loss > 0 || delayMs > 0),
      hasFaultyLinks,
    };
  }

  /** Resolves once the fault is in force. Throws UserError for what this cluster cannot do. */
  async act(fault: LiveFault): Promise<void> {
    const { nodes } = this.#supervisor;
    this.#check(fault);
    switch (fault.kind) {
      case "crash":
        return nodes.crash(fault.nodes);
      case "restart":
        return nodes.restart(fault.nodes);
      case "pause":
        return nodes.pause(fault.nodes);
      case "resume":
        return nodes.resume(fault.nodes);
      case "partition":
        return this.#change((links) =>
          links.cut(
            links.settings.filter(
              ({ from, to }) => fault.nodes.includes(from) !== fault.nodes.includes(to),
            ),
          ),
        );
      case "isolate":
        return this.#change((links) => links.isolate(fault.nodes, "both"));
      case "links": {
        const { cut, loss, delayMs } = fault;
        return this.#change((links) =>
          links.set(fault.links, {
            ...(cut !== undefined && { cut }),
            ...(loss !== undefined && { loss }),
            ...(delayMs !== undefined && { delayMs }),
          }),
        );
      }
      case "heal":
        return this.#heal();
      case "recover":
        await this.#heal();
        await nodes.resume(this.#supervisor.nodeIds);
        return nodes.restart(this.#supervisor.nodeIds);
      default:
        return unreachable(fault);
    }
  }

  async #heal(): Promise<void> {
    if (this.#supervisor.hasFaultyLinks) await this.#change((links) => links.heal());
  }

  async #change(act: (links: LinkTable) => void): Promise<void> {
    // Nodes may have come and gone since.
    this.#links.setNodes(this.#supervisor.nodeIds);
    act(this.#links);
    await this.#supervisor.setLinks(this.#links.settings);
  }

  #check(fault: LiveFault): void {
    if (fault.kind === "heal" || fault.kind === "recover") return;
    const ids = this.#supervisor.nodeIds;
    const named =
      fault.kind === "links" ? fault.links.flatMap(({ from, to }) => [from, to]) : fault.nodes;
    const strange = named.filter((id) => !ids.includes(id));
    if (strange.length > 0 || named.length === 0) {
      const what =
        named.length === 0 ? "no node is named" : `there is no node ${strange.join(", ")}`;
      throw new UserError("no such fault", [
        { where: "nodes", what, fix: `name some of ${ids.join(", ")}` },
      ]);
    }
    const isOfLinks =
      fault.kind === "links" || fault.kind === "partition" || fault.kind === "isolate";
    if (!isOfLinks || this.#supervisor.hasFaultyLinks) return;
    throw new UserError("the links of this cluster cannot fail", [
      {
        where: fault.kind,
        what: "it was started without --faulty-links",
        fix: "stop it, and start it with: ordeal cluster start --faulty-links",
      },
    ]);
  }
}
