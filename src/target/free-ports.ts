import { assert } from "../lib/assert.ts";

/** Below the range from which systems take the ports of outgoing connections. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_000;
const ATTEMPTS = 1_000;

/**
 * `count` loopback ports on which nobody listens. Not from the ephemeral range, where `port: 0`
 * would find them: while a crashed node is down, an outgoing connection could take its port.
 * Another process may still take one before it is used.
 */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  for (let i = 0; ports.size < count; i++) {
    assert(i < ATTEMPTS, `no ${count} free ports from ${PORT_MIN} to ${PORT_MAX}`);
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
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
