import { UserError } from "../lib/user-error.ts";
import type { NodeAddress } from "../runtime/config.ts";
import type { NodeStatusReport } from "../runtime/node-status.ts";
import { type AdminReply, askAdmin, askReport } from "./local-admin.ts";
import type { LocalSupervisor } from "./local-supervisor.ts";

const ASK_WITHIN_MS = 2_000;
const RETRY_MS = 50;
/** Leaders come and go: a request is repeated for so long. */
const REACHED_WITHIN_MS = 30_000;
/** The core's reason when another leader may finish what this one began (raft/state.ts). */
const LEADERSHIP_LOST = "leadership was lost";
/** New nodes may have to be sent a large state first. */
const CHANGED_WITHIN_MS = 600_000;

/** Nodes by id. `add` new ones are started; those in `remove` end once they are no members. */
export type MemberChange = {
  readonly add: number;
  /** The new nodes stay learners. */
  readonly asLearners: boolean;
  readonly remove: readonly number[];
  readonly promote: readonly number[];
};

export type Members = {
  readonly leader: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
};

/**
 * Changes the members of a local cluster in one change of membership, processes included. Resolves to
 * the ids of the new nodes. Throws UserError on nodes that are not what the change needs, and Error
 * when the cluster does not get there: what it then is, `cluster status` shows.
 */
export async function changeMembers(
  supervisor: LocalSupervisor,
  change: MemberChange,
): Promise<readonly number[]> {
  const before = await members(supervisor);
  refuseImpossible(before, change);
  const added = change.add > 0 ? await supervisor.addNodes(change.add) : [];
  const { remove, promote } = change;
  const stays = (id: number): boolean => !remove.includes(id);
  const voters = [...before.voters.filter(stays), ...promote];
  const learners = before.learners.filter((id) => stays(id) && !promote.includes(id));
  (change.asLearners ? learners : voters).push(...added);
  const reply = await askLeader(supervisor, "membership", { voters, learners }, (now) =>
    same(now, voters, learners),
  );
  if (reply.outcome !== "done") {
    if (reply.outcome === "refused") await supervisor.dropNodes(added);
    throw new Error(`the membership was not changed: ${reply.reason}`);
  }
  await supervisor.dropNodes(remove);
  return added;
}

/**
 * Makes these running nodes the voters, whatever leaders come and go meanwhile. Throws Error when the
 * cluster does not get there.
 */
export async function moveTo(
  supervisor: LocalSupervisor,
  voters: readonly number[],
): Promise<void> {
  const body = { voters, learners: [] };
  const reply = await askLeader(supervisor, "membership", body, (now) => same(now, voters, []));
  if (reply.outcome === "done") return;
  throw new Error(`nodes ${voters.join(", ")} did not become the voters: ${reply.reason}`);
}

/**
 * Puts an empty node, under a new id, in the place of one that never comes back. Resolves to its id.
 * Throws Error when the cluster does not take it in.
 */
export async function replaceLost(supervisor: LocalSupervisor, id: number): Promise<number> {
  const before = await members(supervisor);
  const added = await supervisor.replaceNode(id);
  if (!before.voters.includes(id)) return added;
  await moveTo(supervisor, [...before.voters.filter((voter) => voter !== id), added]);
  return added;
}

/** Hands leadership to node `to`. Throws Error when it does not get it. */
export async function transferLeadership(supervisor: LocalSupervisor, to: number): Promise<void> {
  const reply = await askLeader(supervisor, "transfer", { to }, (now) => now.leader === to);
  if (reply.outcome !== "done") throw new Error(`node ${to} does not lead: ${reply.reason}`);
}

/** Lets each of these nodes take a snapshot now. Throws Error when one does not. */
export async function takeSnapshots(
  supervisor: LocalSupervisor,
  ids: readonly number[],
): Promise<void> {
  const nodes = supervisor.config.nodes.filter((node) => ids.includes(node.id));
  const replies = await Promise.all(
    nodes.map((node) => askAdmin(node, "POST", "snapshot", {}, CHANGED_WITHIN_MS)),
  );
  const failed = replies.findIndex((reply) => reply.outcome !== "done");
  if (failed < 0) return;
  throw new Error(`node ${nodes[failed]!.id} took no snapshot: ${replies[failed]!.reason}`);
}

/** The members as the leader knows them. */
export async function members(supervisor: LocalSupervisor): Promise<Members> {
  const deadline = performance.now() + REACHED_WITHIN_MS;
  for (;;) {
    const found = await findLeader(supervisor);
    if (found !== null) return found.members;
    if (performance.now() > deadline) throw new Error("the cluster has no leader");
    await Bun.sleep(RETRY_MS);
  }
}

/**
 * Asks the leader, and the next one if it is not the leader any more, until one does it. A leader that
 * goes away under way may have done it: `isDone` tells.
 */
async function askLeader(
  supervisor: LocalSupervisor,
  path: string,
  body: unknown,
  isDone: (now: Members) => boolean,
): Promise<AdminReply> {
  const startedAt = performance.now();
  let deadline = startedAt + REACHED_WITHIN_MS;
  for (;;) {
    const found = await findLeader(supervisor);
    if (found !== null && isDone(found.members))
      return { status: 200, outcome: "done", reason: "" };
    const reply: AdminReply =
      found === null
        ? { status: 0, outcome: "refused", reason: "the cluster has no leader" }
        : await askAdmin(found.address, "POST", path, body, CHANGED_WITHIN_MS);
    const now = performance.now();
    // A leader that worked on it for long and then lost its place leaves it to the next one.
    const wasLost = found !== null && (reply.status === 0 || reply.reason === LEADERSHIP_LOST);
    if (wasLost && now < startedAt + CHANGED_WITHIN_MS) deadline = now + REACHED_WITHIN_MS;
    if (reply.outcome === "done" || now > deadline) return reply;
    await Bun.sleep(RETRY_MS);
  }
}

async function findLeader(
  supervisor: LocalSupervisor,
): Promise<{ readonly address: NodeAddress; readonly members: Members } | null> {
  const { nodes } = supervisor.config;
  const reports = await Promise.all(nodes.map((node) => askReport(node, ASK_WITHIN_MS)));
  let leader: NodeStatusReport | null = null;
  for (const report of reports) {
    if (report?.role === "leader" && report.term > (leader?.term ?? 0)) leader = report;
  }
  if (leader === null || leader.membership.votersOutgoing.length > 0) return null;
  const { voters, learners } = leader.membership;
  const address = nodes.find((node) => node.id === leader.id)!;
  return { address, members: { leader: leader.id, voters, learners } };
}

function refuseImpossible(before: Members, { remove, promote, add }: MemberChange): void {
  const all = [...before.voters, ...before.learners];
  const problems = [
    ...remove
      .filter((id) => !all.includes(id))
      .map((id) => ({
        where: `node ${id}`,
        what: "is no member",
        fix: `use one of ${all.join(", ")}`,
      })),
    ...promote
      .filter((id) => !before.learners.includes(id))
      .map((id) => ({ where: `node ${id}`, what: "is no learner", fix: "name a learner" })),
  ];
  const voters = before.voters.filter((id) => !remove.includes(id)).length + add + promote.length;
  if (voters === 0) {
    const fix = "leave at least one, or stop the cluster";
    problems.push({ where: "the cluster", what: "would have no voter left", fix });
  }
  if (problems.length > 0) throw new UserError("cannot change the members", problems);
}

function same(now: Members, voters: readonly number[], learners: readonly number[]): boolean {
  const key = (ids: readonly number[]): string => [...ids].sort((a, b) => a - b).join();
  return key(now.voters) === key(voters) && key(now.learners) === key(learners);
}
