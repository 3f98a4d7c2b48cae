import { onStdinLine } from "./parent.ts";

/** What of a node in a chaos run takes orders. */
export type Part = "disk" | "clock";

/** One JSON line on the node's standard input: what `part` is to do. */
export type Order<T> = T & { readonly id: number; readonly part: Part };

/** Answers an order, on standard output, once it is in force. A node without power says nothing. */
export type OrderAck = { readonly ack: number };

/** Obeys the orders for `part` that come over the pipe from the parent. */
export function onOrders<T>(part: Part, obey: (order: T) => void): void {
  onStdinLine((line) => {
    const order = JSON.parse(line) as Order<T>;
    if (order.part !== part) return;
    obey(order);
    const ack: OrderAck = { ack: order.id };
    process.stdout.write(`${JSON.stringify(ack)}\n`);
  });
}
