import type { ClockOrder, ClockSkew } from "../runtime/faulty-clock.ts";
import type { Order } from "../runtime/orders.ts";
import type { LocalChild } from "./local-child.ts";

const RIGHT: ClockSkew = { rate: 1, everyMs: 0 };

/**
 * The faulty clocks of the nodes of a local cluster: how each goes now, across the lives of its node.
 * A jump is over with the process: the clock is a monotonic one, which no two processes share. Orders
 * reach a running node over its pipe (runtime/faulty-clock.ts).
 */
export class LocalClocks {
  readonly #skews = new Map<number, ClockSkew>();
  #orderNext = 1;

  /** What the next process of the node is started with. */
  specFor(id: number): ClockSkew {
    return this.#skews.get(id) ?? RIGHT;
  }

  /** Resolves once the fault is in force, or the node has ended. */
  async begin(
    id: number,
    node: LocalChild,
    order: Exclude<ClockOrder, { kind: "heal" }>,
  ): Promise<void> {
    if (order.kind === "clockRate") {
      this.#skews.set(id, { ...this.specFor(id), rate: order.rate });
    } else if (order.kind === "clockStrobe") {
      this.#skews.set(id, { ...this.specFor(id), everyMs: order.everyMs });
    }
    await this.#ask(node, order);
  }

  /** The clock goes as it should from now on; that of a paused node once it is resumed. */
  async heal(id: number, node: LocalChild | undefined): Promise<void> {
    const wasWrong = this.#skews.delete(id);
    if (!wasWrong || node?.running !== true) return;
    const healed = this.#ask(node, { kind: "heal" });
    if (!node.paused) await healed;
  }

  async #ask(node: LocalChild, order: ClockOrder): Promise<void> {
    const whole: Order<ClockOrder> = { id: this.#orderNext++, part: "clock", ...order };
    await node.ask(whole);
  }
}
