import type { LinkSetting } from "../../fault/link-table.ts";
import type { NodeAddress, NodeConfigFile } from "../../runtime/config.ts";
import type { FaultyLinks, LocalNetwork } from "../local-network.ts";
import { refuseImpossible, run } from "./command.ts";
import { Holder } from "./holder.ts";
import { NetnsLinks } from "./links.ts";
import { rulesFor } from "./rules.ts";

/** 198.18.0.0/15 is set aside for benchmarks (RFC 2544): no network in use has it. */
const SUBNETS = 512;
const PARENT = 254;
const BRIDGE = "bridge";
const NODE_DEVICE = "eth0";

/** How many networks this process has made: part of the names of their devices. */
let made = 0;

/**
 * A network of our own: a namespace for each node, and one with a bridge that joins them and the
 * parent. The parent's end is the only thing outside of them: a device `ord<pid>x<count>` with the
 * address 198.18.x.254 or 198.19.x.254, which goes with the bridge's namespace.
 */
export class NetnsNetwork implements LocalNetwork {
  readonly hosts: readonly string[];
  readonly #device: string;
  readonly #hub: Holder;
  readonly #nodes: ReadonlyMap<string, Holder>;
  #closed = false;

  private constructor(device: string, hub: Holder, nodes: ReadonlyMap<string, Holder>) {
    this.#device = device;
    this.#hub = hub;
    this.#nodes = nodes;
    this.hosts = [...nodes.keys()];
  }

  /** A network of `count` nodes. Throws UserError where this machine or user cannot. */
  static async open(count: number): Promise<NetnsNetwork> {
    refuseImpossible();
    const device = `ord${process.pid}x${++made}`;
    const subnet = freeSubnet(await run(["ip", "-o", "-4", "address"]), process.pid + made);
    const hub = await Holder.open();
    const nodes = new Map<string, Holder>();
    const network = new NetnsNetwork(device, hub, nodes);
    try {
      for (let i = 1; i <= count; i++) nodes.set(`${subnet}.${i}`, await Holder.open());
      await network.#join(`${subnet}.${PARENT}`);
      return new NetnsNetwork(device, hub, nodes);
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** The processes that keep the namespaces. */
  get pids(): readonly number[] {
    return [this.#hub, ...this.#nodes.values()].map(({ pid }) => pid);
  }

  commandAt(host: string): readonly string[] {
    return this.#nodes.get(host)!.command;
  }

  openLinks(config: NodeConfigFile, seed: number): Promise<FaultyLinks> {
    const at = (host: string): readonly string[] => this.commandAt(host);
    return NetnsLinks.start(config, seed, at, (nodes, settings) => this.#filter(nodes, settings));
  }

  /** Takes it all away; processes in it must have ended. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Both ends go at once; the rest goes with the namespaces.
    await run(["ip", "link", "delete", this.#device]).catch(() => {});
    await Promise.all([this.#hub, ...this.#nodes.values()].map((holder) => holder.close()));
  }

  async #join(parent: string): Promise<void> {
    const device = this.#device;
    const hub = this.#hub;
    const nodes = [...this.#nodes];
    await run(["ip", "-batch", "-"], parentSide(device, parent, hub.pid));
    const names = nodes.map((_, i) => `node${i + 1}`);
    const ends = nodes.flatMap(([, { pid }], i) => [
      `link add ${names[i]} type veth peer name ${NODE_DEVICE} netns ${pid}`,
      ...plugged(names[i]!),
    ]);
    const bridge = [`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`];
    await run(
      [...hub.command, "ip", "-batch", "-"],
      lines([...bridge, ...plugged("parent"), ...ends]),
    );
    await Promise.all([
      ...nodes.map(([host, { command }]) =>
        run([...command, "ip", "-batch", "-"], lines(addressed(host, NODE_DEVICE))),
      ),
      this.#filter([], []),
    ]);
  }

  async #filter(nodes: readonly NodeAddress[], settings: readonly LinkSetting[]): Promise<void> {
    await run([...this.#hub.command, "nft", "-f", "-"], rulesFor(nodes, settings));
  }
}

const lines = (commands: readonly string[]): string => `${commands.join("\n")}\n`;

const plugged = (device: string): string[] => [
  `link set ${device} master ${BRIDGE}`,
  `link set ${device} up`,
];

const addressed = (host: string, device: string): string[] => [
  "link set lo up",
  `address add ${host}/24 dev ${device}`,
  `link set ${device} up`,
];

const parentSide = (device: string, host: string, hub: number): string =>
  lines([
    `link add ${device} type veth peer name parent netns ${hub}`,
    `address add ${host}/24 dev ${device}`,
    `link set ${device} up`,
  ]);

/** The first three numbers of a subnet that no device in `addresses` has; searched from `seed` on. */
export function freeSubnet(addresses: string, seed: number): string {
  for (let i = 0; i < SUBNETS; i++) {
    const n = (seed + i) % SUBNETS;
    const subnet = `198.${18 + (n >> 8)}.${n & 255}`;
    if (!addresses.includes(` ${subnet}.`)) return subnet;
  }
  throw new Error("198.18.0.0/15 is full");
}
