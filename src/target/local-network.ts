import type { NodeConfigFile } from "../runtime/config.ts";
import type { LinkProxies } from "./link-proxies.ts";

/** What acts on the links of a running cluster. */
export type FaultyLinks = Pick<
  LinkProxies,
  "watch" | "pids" | "links" | "linksAmong" | "open" | "set" | "break" | "stop"
> &
  Partial<Pick<LinkProxies, "frames">>;

/** Where the processes of a local cluster are, if not all on this machine's loopback. */
export type LocalNetwork = {
  /** The address of each node, in the order of the config; the parent reaches them too. */
  readonly hosts: readonly string[];
  /** What comes before a command that is to run where `host` is. */
  commandAt(host: string): readonly string[];
  openLinks(config: NodeConfigFile, seed: number): Promise<FaultyLinks>;
};
