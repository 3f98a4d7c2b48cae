import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { AdminOutcome } from "../../replica/ports.ts";
import type { AdminPort } from "../admin-port.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const Members = v.strictObject({ voters: v.array(id), learners: v.array(id) });
const Transfer = v.strictObject({ to: id });

/**
 * The operator's part of a node's HTTP port; `ordeal cluster …` calls it.
 *
 *   POST /admin/membership  { voters, learners }   the leader moves to these members
 *   POST /admin/transfer    { to }                 the leader hands over to a voter
 *   POST /admin/snapshot                           the node takes a snapshot now
 *   PUT  /admin/nodes       { nodes, links? }      who is where, as in the config file
 *
 * A reply comes when it is over: { outcome, reason, leaderId }. 200: done; 409: it was refused, or
 * failed (it may still take effect); 400: the body is wrong. There is no authentication, as there is
 * none for clients.
 */
export function adminRoutes(admin: AdminPort): Hono {
  const app = new Hono();
  app.post("/membership", (c) =>
    withBody(c, Members, ({ voters, learners }) =>
      settled(c, admin, (done) => admin.changeMembership(voters, learners, done)),
    ),
  );
  app.post("/transfer", (c) =>
    withBody(c, Transfer, ({ to }) => settled(c, admin, (done) => admin.transfer(to, done))),
  );
  app.post("/snapshot", (c) => settled(c, admin, (done) => admin.takeSnapshot(done)));
  app.put("/nodes", async (c) => {
    const problem = admin.setNodes(await c.req.json().catch(() => null));
    return problem === null ? c.json({ outcome: "done" }) : wrong(c, problem);
  });
  return app;
}

async function withBody<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
  act: (body: T) => Promise<Response>,
): Promise<Response> {
  const parsed = v.safeParse(schema, await c.req.json().catch(() => null));
  if (parsed.success) return act(parsed.output);
  return wrong(
    c,
    parsed.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join("; "),
  );
}

async function settled(
  c: Context,
  admin: AdminPort,
  begin: (done: (outcome: AdminOutcome) => void) => void,
): Promise<Response> {
  const { outcome, reason } = await new Promise<AdminOutcome>(begin);
  return c.json({ outcome, reason, leaderId: admin.leaderId() }, outcome === "done" ? 200 : 409);
}

const wrong = (c: Context, error: string): Response =>
  c.json({ error, definite: true, fix: "correct the request" }, 400);
