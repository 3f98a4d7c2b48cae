import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { AdminOutcome } from "../../replica/ports.ts";
import { GROUP_1 } from "../../lib/ids.ts";
import type { AdminPort } from "../admin-port.ts";
import { groupId, memberNodes } from "../sharding.ts";
import { memberRoutes } from "./members.ts";
import { problemsOf, refuse } from "./validate.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
export const Members = v.strictObject({ voters: v.array(id), learners: v.array(id) });
export const Transfer = v.strictObject({ to: id, group: v.optional(groupId, GROUP_1) });
export const Snapshot = v.strictObject({ group: v.optional(groupId, GROUP_1) });
export const Group = v.strictObject({ id: groupId, nodes: memberNodes });

/**
 * The operator's part of a node's HTTP port; `ordeal cluster …` calls it.
 *
 *   POST /admin/membership  { voters, learners }   the leader moves to these members
 *   POST /admin/transfer    { to, group? }         the leader hands over to a voter
 *   POST /admin/snapshot    { group? }, or nothing  the node takes a snapshot now
 *   POST /admin/groups      { id, nodes }          the node hosts one more group, which begins on these nodes
 *   GET  /admin/backup                             a snapshot of the leader's state (backup.ts)
 *   PUT  /admin/nodes       { nodes, links? }      who is where, as in the config file
 *   …                                              how nodes find each other and join: members.ts
 *
 * `group`: of a sharded cluster; default: 1, its controller. A group is created by telling all its nodes of
 * it; telling one again does nothing. A reply comes when it is over: { outcome, reason, leaderId }. 200: done; 409: it was refused, or
 * failed (it may still take effect); 400: the body is wrong. Who may ask: guard.ts.
 */
export function adminRoutes(admin: AdminPort): Hono {
  const app = new Hono();
  app.post("/membership", (c) =>
    withBody(c, Members, ({ voters, learners }) =>
      settled(c, admin, GROUP_1, (done) => admin.changeMembership(voters, learners, done)),
    ),
  );
  app.post("/transfer", (c) =>
    withBody(c, Transfer, ({ to, group }) =>
      settled(c, admin, group, (done) => admin.transfer(group, to, done)),
    ),
  );
  app.post("/snapshot", (c) =>
    withBody(
      c,
      Snapshot,
      ({ group }) => settled(c, admin, group, (done) => admin.takeSnapshot(group, done)),
      {},
    ),
  );
  app.post("/groups", (c) =>
    withBody(c, Group, ({ id, nodes }) => {
      const problem = admin.addGroup(id, nodes);
      return Promise.resolve(problem === null ? c.json({ outcome: "done" }) : wrong(c, problem));
    }),
  );
  memberRoutes(app, admin);
  app.put("/nodes", async (c) => {
    const problem = admin.setNodes(await c.req.json().catch(() => null));
    return problem === null ? c.json({ outcome: "done" }) : wrong(c, problem);
  });
  return app;
}

/** `none`: what it means to send no body. */
async function withBody<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
  act: (body: T) => Promise<Response>,
  none: unknown = null,
): Promise<Response> {
  const text = await c.req.text();
  const parsed = v.safeParse(schema, text === "" ? none : parseJson(text));
  return parsed.success ? act(parsed.output) : refuse(c, problemsOf(parsed.issues));
}

async function settled(
  c: Context,
  admin: AdminPort,
  group: number,
  begin: (done: (outcome: AdminOutcome) => void) => void,
): Promise<Response> {
  const { outcome, reason } = await new Promise<AdminOutcome>(begin);
  return c.json(
    { outcome, reason, leaderId: admin.leaderId(group) },
    outcome === "done" ? 200 : 409,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const wrong = (c: Context, what: string): Response => refuse(c, [{ where: "body", what }]);
