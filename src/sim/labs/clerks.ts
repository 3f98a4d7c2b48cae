import type { Prng } from "../../lib/prng.ts";
import type { Reply } from "../../replica/ports.ts";
import { ClientLinks } from "../client-links.ts";
import { SimClients } from "../clients.ts";
import type { Lab } from "./lab.ts";

/** The lab's clerks: the simulator's clients, which are the product's, near to every server. */
export class Clerks {
  readonly clients: SimClients;
  readonly #links: ClientLinks;
  /** By outcome: operations that have ended. */
  readonly ended = new Map<number, number>();

  constructor(lab: Lab, prng: Prng) {
    const { world, config, nodes } = lab;
    this.clients = new SimClients({
      world,
      config,
      prng,
      nodes: lab.ids,
      send: (node, client, requestId, command) =>
        this.#links.request(node, client, requestId, command),
      committedIndex: () => lab.monitor.committedIndex,
      observe: null,
    });
    this.#links = new ClientLinks(
      world,
      nodes,
      prng.fork("client links"),
      0,
      (client, node, response, body) => this.clients.onResponse(client, node - 1, response, body),
    );
    this.clients.onDone = (_client, outcome) => {
      this.ended.set(outcome, (this.ended.get(outcome) ?? 0) + 1);
    };
  }

  /** Share of the frames between clerks and servers that is lost. */
  setLoss(ratio: number): void {
    this.#links.loss = ratio;
  }

  onReply(node: number, client: number, requestId: number, reply: Reply): void {
    this.#links.reply(node, client, requestId, reply);
  }

  onClosed(id: number): void {
    this.clients.onClosed(id - 1);
  }

  onOpened(id: number): void {
    this.clients.onOpened(id - 1);
  }
}
