import { isIP } from "node:net";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { NodeSecurity } from "./node-security.ts";

/** Whether only this machine can reach what is bound there. A name counts as what its words promise. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith("127.");
  if (isIP(bare) === 6) return bare === "::1" || /^::ffff:127\./.test(bare);
  return bare === "localhost" || bare.endsWith(".localhost");
}

/**
 * Throws UserError when a node would listen where others reach it and anybody could speak to it, unless the person
 * has said that this is meant.
 */
export function refuseExposed(
  hosts: Readonly<Record<string, string>>,
  security: Pick<NodeSecurity, "clientAuth"> | null,
  insecure: boolean,
): void {
  if (insecure || (security !== null && security.clientAuth !== "none")) return;
  const what =
    security === null
      ? "is not loopback, and without TLS anybody who reaches it may read, write and administer"
      : "is not loopback, and clientAuth none lets anybody who reaches it read, write and administer";
  const problems: Problem[] = Object.entries(hosts)
    .filter(([port, host]) => !isLoopback(host) && !(security !== null && port === "peerPort"))
    .map(([port, host]) => ({
      where: `${port} on ${host}`,
      what,
      fix: "give tls and clientAuth (docs/security.md has it in five lines), bind to 127.0.0.1, or say --insecure",
    }));
  if (problems.length > 0) throw new UserError("the node would be open to others", problems);
}
