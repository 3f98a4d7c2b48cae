import type { Lab, Proposal } from "./lab.ts";
import type { Script, Task } from "./script.ts";
import { until } from "./script.ts";

/** What the labs call RaftElectionTimeout: scenarios wait in these. */
export const ELECTION_MS = 1_000;

const LEADER_TRIES = 10;
const AGREE_WITHIN_MS = 10_000;
const ATTEMPT_MS = 2_000;

/** Exactly one of the reachable servers leads, within 5 s; never two in a term. Returns it. */
export function* checkOneLeader(lab: Lab): Script<number> {
  for (let i = 0; i < LEADER_TRIES; i++) {
    yield 450 + lab.random.below(100);
    let leader = 0;
    let highest = 0;
    const leaderOf = new Map<number, number>();
    for (const id of reachable(lab)) {
      const { role, term } = lab.node(id).status!;
      if (role !== "leader") continue;
      const other = leaderOf.get(term);
      lab.expect(other === undefined, `servers ${other} and ${id} both lead term ${term}`);
      leaderOf.set(term, id);
      if (term > highest) {
        highest = term;
        leader = id;
      }
    }
    if (leader !== 0) return leader;
  }
  return fail(lab, "no leader within 5 s");
}

/** None of the reachable servers thinks that it leads. */
export function checkNoLeader(lab: Lab): void {
  for (const id of reachable(lab)) {
    const { role } = lab.node(id).status!;
    lab.expect(role !== "leader", `server ${id} leads without a majority`);
  }
}

/** The term that all reachable servers are in. */
export function checkTerms(lab: Lab): number {
  const terms = new Set(reachable(lab).map((id) => lab.node(id).status!.term));
  lab.expect(terms.size === 1, `servers disagree about the term: ${[...terms].join(", ")}`);
  return [...terms][0]!;
}

/**
 * Finds a leader, has it take the value, and waits until `servers` servers have applied it: within
 * 10 s, and 2 s an attempt; without `retry` the first attempt must do. Returns the command's index.
 */
export function* agree(lab: Lab, value: string, servers: number, retry = true): Script<number> {
  const deadline = lab.world.now + AGREE_WITHIN_MS;
  let next = lab.random.below(lab.servers);
  while (lab.world.now < deadline) {
    let proposal: Proposal | null = null;
    for (let i = 0; i < lab.servers && proposal === null; i++) {
      next = (next + 1) % lab.servers;
      if (lab.isReachable(next + 1)) proposal = lab.propose(next + 1, value);
    }
    if (proposal === null) {
      yield 50;
      continue;
    }
    const { index } = proposal;
    const isAgreed = (): boolean =>
      lab.appliedBy(index) >= servers && lab.applied.valueAt(index) === value;
    if (yield* until(lab.world, ATTEMPT_MS, isAgreed)) return index;
    if (!retry) break;
  }
  return fail(lab, `no agreement on ${value.slice(0, 20)} by ${servers} servers`);
}

/** `agree`, on a value of its own. Returns which command it is, from 1. */
export function* one(lab: Lab, servers: number, retry = true): Script<number> {
  return lab.applied.numberOf(yield* agree(lab, lab.fresh(), servers, retry));
}

/** No server has applied the index. */
export function checkUnapplied(lab: Lab, index: number): void {
  const count = lab.appliedBy(index);
  lab.expect(count === 0, `${count} servers applied index ${index}, which no majority can have`);
}

/** Waits until tasks have ended. */
export function* join(
  lab: Lab,
  tasks: readonly Task<unknown>[],
  withinMs = 2 * AGREE_WITHIN_MS,
): Script {
  const isJoined = yield* until(lab.world, withinMs, () => tasks.every((task) => task.done));
  lab.expect(isJoined, `tasks have not ended within ${withinMs} ms`);
}

/** The voters that the leader of the highest term knows of; all servers if nobody leads. */
export function members(lab: Lab): readonly number[] {
  let term = 0;
  let voters: readonly number[] = lab.ids;
  for (const { status } of lab.nodes) {
    if (status?.role !== "leader" || status.term <= term) continue;
    term = status.term;
    voters = status.membership.voters;
  }
  return voters;
}

/** As `lab.expect(false, …)`, where a value would be needed. */
export function fail(lab: Lab, message: string): never {
  lab.expect(false, message);
}

const reachable = (lab: Lab): readonly number[] => lab.ids.filter((id) => lab.isReachable(id));
