import type { TokenCheck } from "../../security/tokens.ts";
import type { NodeConfigFile } from "../config.ts";
import type { Groups } from "../groups.ts";
import type { HttpClientPort } from "../http/http-client-port.ts";
import type { Machines } from "../machines.ts";
import type { NodeStatusReport } from "../node-status.ts";
import { JsonConnection } from "./json-connection.ts";
import { KvExecutor } from "./kv-executor.ts";
import { RespConnection, type RespShared } from "./resp-connection.ts";
import { ScanCursors } from "./scan-cursors.ts";
import type { TextProtocols } from "./text-link.ts";

export type TextsOptions = {
  readonly id: number;
  readonly now: () => number;
  readonly machines: Machines;
  /** Asks the groups of this node. */
  readonly requests: HttpClientPort;
  readonly groups: () => Groups;
  readonly config: () => NodeConfigFile;
  readonly status: () => NodeStatusReport;
  /** Null or absent: clients need none. */
  readonly tokens?: TokenCheck | null;
  readonly onFatal: (error: unknown) => void;
};

/** RESP and JSON lines on the client port of a node: what their connections share. */
export class Texts {
  readonly #executor: KvExecutor;
  readonly #shared: RespShared;

  readonly #tokens: TokenCheck | null;

  constructor(options: TextsOptions) {
    const { id, now, machines, requests, groups, config, status, onFatal } = options;
    const executor = new KvExecutor({
      ...{ self: id, now, onFatal },
      nodes: () => config().nodes,
      request: (group, command) => requests.request(group, command),
      placeOf: (key) => groups().placeOf(key),
      leaderId: (group) => groups().host.replica(group)?.soft.leaderId ?? 0,
    });
    this.#executor = executor;
    this.#tokens = options.tokens ?? null;
    this.#shared = {
      executor,
      tokens: this.#tokens,
      cursors: new ScanCursors(),
      about: {
        status,
        keys: () => machines.size().keys,
        addressOf: (node) => executor.addressOf(node),
      },
    };
  }

  readonly create: TextProtocols = (protocol, link) =>
    protocol === "resp"
      ? new RespConnection(link, this.#shared).loop
      : new JsonConnection(link, this.#executor, this.#tokens).loop;

  stop(): void {
    this.#executor.stop();
  }
}
