import type { Hono } from "hono";
import * as v from "valibot";
import type { AdminOutcome } from "../../replica/ports.ts";
import type { AdminPort } from "../admin-port.ts";
import { nodeAddressSchema } from "../config.ts";
import { membersOf } from "../nodes-report.ts";
import { problemsOf, refuse } from "./validate.ts";

export const Join = v.strictObject({
  node: nodeAddressSchema,
  /** It stays without a vote. */
  learner: v.optional(v.boolean(), false),
  /** It has begun before, with this id: its directory says so. */
  begun: v.optional(v.boolean(), false),
});
export const Node = v.strictObject({ node: nodeAddressSchema });

/** `taken`: no later try can succeed. */
export type JoinReply = AdminOutcome & { readonly taken: boolean; readonly leaderId: number };

/**
 * The part of the admin routes by which nodes find each other.
 *
 *   GET  /admin/nodes                           who is there, and where (nodes-report.ts)
 *   POST /admin/nodes { node }                  one more node, or another place of one
 *   POST /admin/join  { node, learner?, begun? }  the leader takes it in; answers when it is a member
 */
export function memberRoutes(app: Hono, admin: AdminPort): void {
  app.get("/nodes", (c) => c.json(admin.nodes()));
  app.post("/nodes", async (c) => {
    const parsed = v.safeParse(Node, await c.req.json().catch(() => null));
    if (!parsed.success) return refuse(c, problemsOf(parsed.issues));
    const problem = admin.addNodes([parsed.output.node]);
    if (problem === null) return c.json({ outcome: "done" });
    return refuse(c, [{ where: "node", what: problem }]);
  });
  app.post("/join", async (c) => {
    const parsed = v.safeParse(Join, await c.req.json().catch(() => null));
    if (!parsed.success) return refuse(c, problemsOf(parsed.issues));
    const reply = await takeIn(admin, parsed.output);
    return c.json(reply, reply.outcome === "done" ? 200 : 409);
  });
}

/** What is read and what is asked for lie in one turn: of two nodes that join at once none is lost. */
async function takeIn(
  admin: AdminPort,
  { node, learner, begun }: v.InferOutput<typeof Join>,
): Promise<JoinReply> {
  const { id: self, leaderId, membership, nodes } = admin.nodes();
  const refused = (reason: string, taken = false): JoinReply => {
    return { outcome: "refused", reason, taken, leaderId };
  };
  if (leaderId !== self) return refused("not the leader");
  const voters: readonly number[] = membership.voters;
  const learners: readonly number[] = membership.learners;
  const before = nodes.find((known) => known.id === node.id);
  const moved =
    before !== undefined && (before.host !== node.host || before.peerPort !== node.peerPort);
  const isMember = membersOf(membership).includes(node.id);
  if (moved && ((isMember && !begun) || admin.isConnected(node.id))) {
    return refused(`node ${node.id} is at ${before.host}:${before.peerPort} already`, true);
  }
  const problem = admin.addNodes([node]);
  if (problem !== null) return refused(problem, true);
  const done: AdminOutcome = { outcome: "done", reason: "" };
  if (voters.includes(node.id) || (learner && learners.includes(node.id))) {
    return { ...done, taken: false, leaderId };
  }
  const others = learners.filter((id) => id !== node.id);
  const outcome = await new Promise<AdminOutcome>((settled) => {
    if (learner) admin.changeMembership(voters, [...others, node.id], settled);
    else admin.changeMembership([...voters, node.id], others, settled);
  });
  return { ...outcome, taken: false, leaderId: admin.nodes().leaderId };
}
