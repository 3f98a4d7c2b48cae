import { broken } from "../lib/assert.ts";

/** Below the range from which systems take the ports of outgoing connections. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_000;

/** Where the next search begins. */
let next = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));

/**
 * `count` loopback ports on which nobody listens. Not from the ephemeral range, where `port: 0`
 * would find them: while a crashed node is down, an outgoing connection could take its port. They
 * lie side by side, and those of the next call behind them: of two processes that choose at the same
 * time hardly any choose the same. One may still be taken before it is used.
 */
export function freePorts(count: number): number[] {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried >= PORT_MAX - PORT_MIN)
      broken(`no ${count} free ports from ${PORT_MIN} to ${PORT_MAX}`);
    if (isFree(next)) ports.push(next);
    next = next + 1 < PORT_MAX ? next + 1 : PORT_MIN;
  }
  return ports;
}

/** Whether a process may listen on the loopback port now. */
export function isFree(port: number): boolean {
  try {
    const socket = { data() {} };
    Bun.listen({ hostname: "127.0.0.1", port, socket }).stop(true);
    return true;
  } catch {
    return false;
  }
}
