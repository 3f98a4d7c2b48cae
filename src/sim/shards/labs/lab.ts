import { OUTCOME_OK } from "../../../history/op.ts";
import type { ConfigChange } from "../../../kv/config-changes.ts";
import type { ShardConfig } from "../../../kv/shard-config.ts";
import { shardOf } from "../../../kv/shard-config.ts";
import { Prng } from "../../../lib/prng.ts";
import { STATUS } from "../../../wire/errors.ts";
import type { SimOperation } from "../../api.ts";
import { keyName } from "../../clients.ts";
import { LabFailure } from "../../labs/failure.ts";
import { type Script, sleep, spawn, type Task, until } from "../../labs/script.ts";
import { FIRST_GROUP } from "../api.ts";
import { ShardCluster, type ShardClusterSetup } from "../cluster.ts";
import type { ControllerAnswer } from "../operator.ts";
import { isSettled, reportOf } from "../settle.ts";

const CONTROLLER_WITHIN_MS = 10_000;
const SETTLED_WITHIN_MS = 20_000;
/** Clerks of the labs never give up. */
export const CLERK_TIMEOUT_MS = 60_000;
const PART_BYTES = 64 << 10;
const utf8 = new TextEncoder();

/**
 * A sharded cluster as the MIT labs have it: a controller, groups of servers that a script shuts down and starts, and
 * clerks. Groups are numbered from 1 in scenarios; group i is `lab.group(i)`.
 */
export class ShardLab {
  readonly cluster: ShardCluster;
  /** Of the script. */
  readonly random: Prng;
  /** Why the verdict is not known, if nothing fails. */
  unknown: string | null = null;
  /** Keys that clerks used. */
  readonly keys = new Set<number>();
  readonly #outcomes = new Map<number, number>();

  constructor(setup: ShardClusterSetup) {
    this.cluster = new ShardCluster(setup);
    this.random = new Prng(setup.seed).fork("script");
    this.cluster.clients.onDone = (client, outcome) => void this.#outcomes.set(client, outcome);
  }

  get world() {
    return this.cluster.world;
  }

  get shards(): number {
    return this.cluster.setup.shards;
  }

  /** The id of the i-th group of shards, from 1. */
  group(i: number): number {
    return FIRST_GROUP + i - 1;
  }

  spawn<T>(script: Script<T>): Task<T> {
    return spawn(this.world, script);
  }

  note(text: string): void {
    this.cluster.note(text);
  }

  expect(condition: boolean, message: string): void {
    if (!condition) throw new LabFailure(message);
  }

  shardOfKey(key: number): number {
    return shardOf(utf8.encode(keyName(key)), this.shards);
  }

  /** One key of each shard. */
  keyPerShard(): readonly number[] {
    const keys = new Array<number>(this.shards).fill(-1);
    for (let key = 0; keys.includes(-1); key++) {
      const shard = this.shardOfKey(key);
      if (keys[shard] === -1) keys[shard] = key;
    }
    return keys;
  }

  /** Shuts a node down as a loss of power does; nothing of what was not durable is left. */
  shutdown(...nodes: readonly number[]): void {
    this.note(`shut down nodes ${nodes.join(", ")}`);
    for (const id of nodes) {
      const { isUp } = this.cluster.node(id);
      if (isUp) this.cluster.crash(id, this.random.pick(["nothing", "subset"] as const));
    }
  }

  start(...nodes: readonly number[]): void {
    this.note(`start nodes ${nodes.join(", ")}`);
    for (const id of nodes) if (!this.cluster.node(id).isUp) this.cluster.restart(id);
  }

  shutdownGroups(...groups: readonly number[]): void {
    this.shutdown(...new Set(groups.flatMap((group) => this.cluster.nodesOf(group))));
  }

  startGroups(...groups: readonly number[]): void {
    this.start(...new Set(groups.flatMap((group) => this.cluster.nodesOf(group))));
  }

  /** The config `num`, or the newest. */
  *query(num: number | null = null): Script<ShardConfig> {
    const { operator } = this.cluster;
    const answer = yield* this.#answer((onAnswer) => operator.query(num, onAnswer));
    const config = answer?.config ?? null;
    if (config === null) throw new LabFailure(`no config ${num ?? ""} from the controller`);
    return config;
  }

  *join(...groups: readonly number[]): Script<ShardConfig> {
    const joining = groups.map((id) => ({ id, nodes: this.cluster.nodesOf(id) }));
    return yield* this.change({ kind: "join", groups: joining });
  }

  *leave(...groups: readonly number[]): Script<ShardConfig> {
    return yield* this.change({ kind: "leave", groups });
  }

  *move(shard: number, group: number): Script<ShardConfig> {
    return yield* this.change({ kind: "move", shard, group });
  }

  /**
   * Has the controller make a change, once: it is asked for on top of the newest config, and again
   * when somebody else was first or no answer came. Returns the config that came of it, or, when it
   * has come about meanwhile, the newest.
   */
  *change(change: ConfigChange): Script<ShardConfig> {
    const { operator } = this.cluster;
    this.note(`asks for ${JSON.stringify(change)}`);
    const deadline = this.world.now + CONTROLLER_WITHIN_MS;
    while (this.world.now < deadline) {
      const config = yield* this.query();
      if (isDone(config, change)) return config;
      const answer = yield* this.#answer((on) => operator.change(change, config.num, on));
      if (answer?.status === STATUS.ok.code && answer.config !== null) return answer.config;
    }
    throw new LabFailure(`no ${change.kind} within ${CONTROLLER_WITHIN_MS} ms`);
  }

  *#answer(
    ask: (onAnswer: (answer: ControllerAnswer) => void) => boolean,
  ): Script<ControllerAnswer> {
    let answer: ControllerAnswer | undefined;
    const isOut = ask((given) => void (answer = given));
    this.expect(isOut, "the operator asks too much at once");
    const isAnswered = yield* until(this.world, CONTROLLER_WITHIN_MS, () => answer !== undefined);
    this.expect(isAnswered, `no answer of the controller within ${CONTROLLER_WITHIN_MS} ms`);
    return answer ?? null;
  }

  /** Has a clerk do something, and waits until it knows, or gives up. Returns whether it succeeded. */
  *call(op: SimOperation["op"], key: number, client = 0): Script<boolean> {
    const { clients } = this.cluster;
    this.keys.add(key);
    this.#outcomes.delete(client);
    const isStarted = clients.start({ client, op, key });
    this.expect(isStarted, `clerk ${client} is at work already`);
    const isDone = (): boolean => this.#outcomes.has(client);
    const done = yield* until(this.world, 2 * CLERK_TIMEOUT_MS, isDone);
    this.expect(done, `clerk ${client} neither finished nor gave up`);
    return this.#outcomes.get(client) === OUTCOME_OK;
  }

  /** Every one of these must succeed. */
  *mustAll(op: SimOperation["op"], keys: readonly number[], client = 0): Script {
    for (const key of keys) {
      const isOk = yield* this.call(op, key, client);
      this.expect(isOk, `${op} of ${keyName(key)} (shard ${this.shardOfKey(key)}) was given up`);
    }
  }

  /** Every group, or those named, has the newest config and its shards. */
  *settled(groups: readonly number[] = this.cluster.groups): Script {
    const isDone = (): boolean => groups.every((group) => isSettled(this.cluster, group));
    const done = yield* until(this.world, SETTLED_WITHIN_MS, isDone);
    this.expect(done, `shards have not arrived within ${SETTLED_WITHIN_MS} ms`);
  }

  *leader(group: number): Script<number> {
    yield* until(this.world, 5_000, () => this.cluster.leaderOf(group) !== 0);
    const leader = this.cluster.leaderOf(group);
    this.expect(leader !== 0, `no leader of group ${group} within 5 s`);
    return leader;
  }

  /** Appenders, each on a key of its own, until `stopped`. Returns what each of them knows to have appended. */
  appenders(
    clerks: number,
    load: { readonly stopped: boolean },
    keyOf: (client: number) => number,
  ) {
    const counts = new Array<number>(clerks).fill(0);
    const tasks = counts.map((_, client) =>
      this.spawn(this.#append(client, load, keyOf, () => void counts[client]!++)),
    );
    return { counts, tasks };
  }

  *#append(
    client: number,
    load: { readonly stopped: boolean },
    keyOf: (client: number) => number,
    onDone: () => void,
  ): Script {
    while (!load.stopped) {
      const key = keyOf(client);
      if (yield* this.call(this.random.chance(0.7) ? "append" : "get", key, client)) onDone();
      yield* sleep(5 + this.random.below(20));
    }
  }

  *await(tasks: readonly Task<unknown>[], withinMs = CLERK_TIMEOUT_MS): Script {
    const isJoined = yield* until(this.world, withinMs, () => tasks.every((task) => task.done));
    this.expect(isJoined, `tasks have not ended within ${withinMs} ms`);
  }

  /** Lifts every cut between nodes, and no more. */
  heal(): void {
    this.note("cuts are healed");
    this.cluster.network.heal();
  }

  /** Bytes of the state of all replicas of all groups of shards, as snapshots would have them. */
  stateBytes(): number {
    let bytes = 0;
    for (const group of this.cluster.groups) {
      for (const id of this.cluster.nodesOf(group)) {
        const reader = this.cluster.node(id).kv(group)?.beginSnapshot();
        for (let part = reader?.next(PART_BYTES); part != null; part = reader?.next(PART_BYTES)) {
          bytes += part.length;
        }
        reader?.close();
      }
    }
    return bytes;
  }

  /** Keys of all copies of all groups, as their leaders have them, frozen ones included. */
  keysHeld(): number {
    return this.cluster.groups.reduce((sum, group) => {
      const report = reportOf(this.cluster, group);
      return sum + (report?.shards.reduce((keys, shard) => keys + shard.keys, 0) ?? 0);
    }, 0);
  }
}

/** The change has nothing left to do. */
function isDone(config: ShardConfig, change: ConfigChange): boolean {
  const has = (id: number): boolean => config.groups.some((group) => group.id === id);
  if (change.kind === "join") return change.groups.every(({ id }) => has(id));
  if (change.kind === "leave") return change.groups.every((id) => !has(id));
  if (change.kind === "move") return config.shards[change.shard] === change.group;
  const owned = config.groups.map(({ id }) => config.shards.filter((group) => group === id).length);
  return owned.length === 0 || Math.max(...owned) <= Math.min(...owned) + 1;
}
