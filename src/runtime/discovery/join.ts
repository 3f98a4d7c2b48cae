import { type Problem, UserError } from "../../lib/user-error.ts";
import { fetchNode } from "../../security/keyring.ts";
import type { NodeAddress } from "../config.ts";
import type { JoinReply } from "../http/members.ts";
import type { Log } from "../logging.ts";
import { membersOf, type NodesReport } from "../nodes-report.ts";
import { askNodes } from "./ask.ts";
import { seedText } from "./seed.ts";
import type { Source } from "./source.ts";

const FOUND_WITHIN_MS = 5_000;
const RETRY_MS = 250;
const TELL_WITHIN_MS = 1000;
/** A large state may have to be sent first. */
const TAKEN_IN_WITHIN_MS = 600_000;

const refuse = (problems: readonly Problem[]): UserError =>
  new UserError("the node cannot join", problems);

/**
 * The cluster behind a source, as the first node that answers tells of it, for node `id` that has no data
 * yet. `clusterId`: the name it must have; null: any. Nothing is changed anywhere. Throws UserError
 * when nobody answers within five seconds, the cluster is another one, or the id is taken.
 */
export async function findCluster(
  source: Source,
  id: number,
  clusterId: string | null,
): Promise<NodesReport> {
  const deadline = performance.now() + FOUND_WITHIN_MS;
  for (;;) {
    const answers = await askAll(source);
    const found = answers.flatMap(({ said }) => (typeof said === "string" ? [] : [said]));
    const other = found.find((said) => clusterId !== null && said.clusterId !== clusterId);
    if (other !== undefined) {
      const what = `the cluster there is "${other.clusterId}", not "${clusterId}"`;
      const fix = "correct --cluster or --join";
      throw refuse([{ where: source.url, what, fix }]);
    }
    const said = found[0];
    if (said !== undefined) {
      refuseTaken(said, id);
      return said;
    }
    if (performance.now() > deadline) {
      const fix = "is a node of the cluster up, and is that its HTTP port?";
      const problems = answers.map(({ at, said }) => ({ where: at, what: String(said), fix }));
      if (problems.length > 0) throw refuse(problems);
      throw refuse([{ where: source.url, what: "names no node", fix: "see that it names one" }]);
    }
    await Bun.sleep(RETRY_MS);
  }
}

/** What each address of a source answers now. Never rejects. */
export async function askAll(
  source: Source,
): Promise<readonly { readonly at: string; readonly said: NodesReport | string }[]> {
  try {
    const seeds = await source.resolve();
    const asked = seeds.map(async (seed) => ({ at: seedText(seed), said: await askNodes(seed) }));
    return await Promise.all(asked);
  } catch (error) {
    return [{ at: source.url, said: (error as Error).message }];
  }
}

function refuseTaken({ membership, firstVoters, nodes }: NodesReport, id: number): void {
  const members = membersOf(membership);
  if (!members.includes(id) && !firstVoters.includes(id)) return;
  const at = nodes.find((node) => node.id === id);
  const where = at === undefined ? "" : `, at ${at.host}:${at.peerPort}`;
  const free = Math.max(...members, ...firstVoters, ...nodes.map((node) => node.id)) + 1;
  const what = `node ${id} is ${members.includes(id) ? "a member" : "a former member"} already${where}`;
  const fix = `use an id that was never used, such as ${free}; a node that lost its data does not return`;
  throw refuse([{ where: "--id", what, fix }]);
}

export type JoinOptions = {
  readonly self: NodeAddress;
  readonly learner: boolean;
  /** Its directory says that it has begun before. */
  readonly begun: boolean;
  readonly node: { nodes(): NodesReport };
  readonly log: Log;
  /** For the person who waits. */
  readonly say: (text: string) => void;
  readonly isStopped: () => boolean;
};

/**
 * Tells all nodes where the new one is, and asks the leader to take it in, again and again whatever leaders
 * come and go, until it is a member. Throws UserError when it can never be.
 */
export async function becomeMember(options: JoinOptions): Promise<void> {
  const { self, learner, begun, node, log, say, isStopped } = options;
  let told = "";
  while (!isStopped()) {
    const others = node.nodes().nodes.filter(({ id }) => id !== self.id);
    await Promise.all(others.map((other) => post(other, "nodes", { node: self }, TELL_WITHIN_MS)));
    const leader = await findLeader(others);
    const reply: Partial<JoinReply> =
      leader === null
        ? { outcome: "refused", reason: "the cluster has no leader" }
        : await post(leader, "join", { node: self, learner, begun }, TAKEN_IN_WITHIN_MS);
    const { outcome, reason = "no answer", taken } = reply;
    if (outcome === "done") {
      const role = learner ? "learner" : "voter";
      log.info({ event: "joined", role }, "the cluster has taken the node in");
      say(`node ${self.id} is a ${role} of cluster "${node.nodes().clusterId}"`);
      return;
    }
    if (taken === true) {
      throw refuse([{ where: "--id", what: reason, fix: "use an id that was never used" }]);
    }
    if (reason !== told) {
      log.warn({ event: "joinWaits", reason }, "not taken in yet");
      say(`not a member yet: ${reason}; trying again`);
    }
    told = reason;
    await Bun.sleep(RETRY_MS);
  }
}

async function findLeader(nodes: readonly NodeAddress[]): Promise<NodeAddress | null> {
  const asked = nodes.map(({ host, httpPort }) => askNodes({ host, port: httpPort }));
  for (const said of await Promise.all(asked)) {
    if (typeof said === "string") continue;
    const leader = nodes.find((node) => node.id === said.leaderId);
    if (leader !== undefined && said.leaderId === said.id) return leader;
  }
  return null;
}

async function post(
  { host, httpPort }: NodeAddress,
  path: "nodes" | "join",
  body: unknown,
  withinMs: number,
): Promise<Partial<JoinReply>> {
  try {
    const response = await fetchNode({ host, port: httpPort }, `/admin/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
    const said = (await response.json()) as Partial<JoinReply> & { readonly error?: string };
    return said.error === undefined ? said : { outcome: "refused", reason: said.error };
  } catch (error) {
    return { outcome: "failed", reason: (error as Error).message };
  }
}
