import { broken } from "../../lib/assert.ts";
import { asGroup, asNode } from "../../lib/ids.ts";
import { type ClockState, SkewedClock } from "../../lib/skewed-clock.ts";
import { CONTROLLER_GROUP } from "../../kv/shard-config.ts";
import { ShardController } from "../../kv/shard-controller.ts";
import { ShardKv } from "../../kv/shard-kv.ts";
import type { PowerLossKeeps } from "../../fault/vocabulary.ts";
import type { RaftInput, RaftStatus } from "../../raft/api.ts";
import { Host } from "../../replica/host.ts";
import { Replica } from "../../replica/replica.ts";
import type { Response } from "../../wire/client.ts";
import { openSound } from "../node-start.ts";
import { NodeStorage } from "../node-storage.ts";
import { ProcessLife } from "../process-life.ts";
import { Cpu, type CpuCosts } from "./cpu.ts";
import {
  type Life,
  newAgent,
  newLiveness,
  newMachine,
  newReplica,
  portsOf,
  type Process,
  type ShardMachine,
  type ShardNodeWorld,
} from "./life.ts";

/**
 * One node of a sharded cluster: the Host, replicas, machines and agent of a real process, on a
 * simulated clock, network and disk, with one WAL for all groups.
 */
export class ShardNode {
  readonly id: number;
  readonly clock: SkewedClock;
  readonly disk: NodeStorage;
  readonly groups: readonly number[];
  /** Snapshots of leaders that it installed. */
  installs = 0;
  readonly #in: ShardNodeWorld;
  readonly #runtime: ProcessLife;
  #life: Life | null = null;
  #starts = 0;
  readonly #cpu: Cpu | null;

  constructor(id: number, groups: readonly number[], clock: ClockState, nodeWorld: ShardNodeWorld) {
    this.id = id;
    this.groups = groups;
    this.#in = nodeWorld;
    this.clock = new SkewedClock(clock);
    const { world, config, prng, watch, cpu } = nodeWorld;
    this.#cpu = cpu === null ? null : new Cpu(world, id, cpu, (works) => this.#burst(works));
    this.#runtime = new ProcessLife({
      ...{ id, world, clock: this.clock },
      isUp: () => this.isUp,
      deadline: () => this.#deadline(),
      onDeadline: () => this.#onDeadline(),
      onStopped: () => nodeWorld.onStopped(id),
    });
    this.disk = new NodeStorage({
      ...{ world, node: id, prng: prng.fork(`disk ${id}`), speed: config.disk },
      ...{ segments: config.segments, syncNowBytesMax: config.syncNowBytesMax },
      run: (work) => this.#do(work, "disk"),
      onFatal: () => this.#runtime.stop(),
      onSnapshot: (meta, installed, group) => {
        if (installed) this.installs++;
        watch.monitor(group).onSnapshot(id, meta, installed);
        this.#life?.touched.add(group);
      },
      onPoint: () => this.#runtime.checkUp(),
    });
  }

  get isUp(): boolean {
    return this.#life !== null;
  }

  get isPaused(): boolean {
    return this.#runtime.isPaused;
  }

  get unanswered(): number {
    return this.#life?.host.unanswered ?? 0;
  }

  /** So much virtual time its core has spent; 0 without a model of it. */
  get busyMs(): number {
    return this.#cpu?.busyMs ?? 0;
  }

  /** Reads that it has served by lease since it started. */
  get readsByLease(): number {
    const host = this.#life?.host;
    return this.groups.reduce((sum, id) => sum + (host?.replica(id)?.reads.byLease ?? 0), 0);
  }

  /** As of the last turn; null while it is down, or has no such group. */
  status(group: number): RaftStatus | null {
    return this.#life?.statuses.get(group) ?? null;
  }

  machine(group: number): ShardMachine | null {
    return this.#life?.machines.get(group) ?? null;
  }

  get controller(): ShardController | null {
    return this.machine(CONTROLLER_GROUP) as ShardController | null;
  }

  /** A group of shards as this node has it; null: it is down, or has no such group. */
  kv(group: number): ShardKv | null {
    return group === CONTROLLER_GROUP ? null : (this.machine(group) as ShardKv | null);
  }

  /** A process starts on what the disk holds. False: the disk fails. */
  start(): boolean {
    if (this.isUp) broken(`node ${this.id} is up`);
    const process = this.#newProcess();
    const machines = new Map<number, ShardMachine>();
    const opened = this.#runtime.starting(() =>
      openSound(this.id, this.disk, () =>
        this.disk.openGroups(this.groups.map(asGroup), (group) => {
          const machine = newMachine(process, group);
          machines.set(group, machine);
          return machine.beginRestore();
        }),
      ),
    );
    if ("refusal" in opened) return false;
    const host = new Host(portsOf(process));
    const touched = new Set<number>();
    const [agent, liveness] = [newAgent(process), newLiveness(process, host)];
    this.#life = { host, agent, liveness, machines, touched, statuses: new Map() };
    for (const [group, found] of opened.groups) {
      const machine = machines.get(group) ?? newMachine(process, group);
      machines.set(group, machine);
      this.#in.watch.monitor(group).onStart(this.id, found.restored);
      this.#in.watch.onRestored(this.id, machine);
      host.add(group, (ports) => newReplica(process, group, machine, found, ports));
      touched.add(group);
    }
    this.#runtime.whileUp(() => this.#turn());
    return this.isUp;
  }

  #newProcess(): Process {
    return {
      ...{ world: this.#in, id: this.id, start: ++this.#starts, groups: this.groups },
      disk: this.disk,
      now: () => this.#now(),
      life: () => this.#life!,
      checkUp: () => this.#runtime.checkUp(),
    };
  }

  /** SIGKILL: what was written is in the page cache still. */
  kill(): void {
    this.disk.kill();
    this.#crashed();
  }

  losePower(keeps: PowerLossKeeps): void {
    this.disk.losePower(keeps);
    this.#crashed();
  }

  pause(): void {
    this.#runtime.pause();
  }

  resume(): void {
    this.#runtime.resume();
  }

  input(group: number, input: RaftInput): void {
    const life = this.#life;
    if (life === null) return;
    this.#do(
      () => {
        life.touched.add(group);
        life.host.input(group, input);
      },
      "message",
      entriesOf(input),
    );
  }

  /** The connections with that node broke. */
  lost(peer: number): void {
    const life = this.#life;
    if (life === null) return;
    this.#do(() => {
      life.host.unreachable(asNode(peer));
      life.host.lost(asNode(peer));
      life.agent.onClosed(peer - 1, this.#now());
      this.#touchAll(life);
    }, "message");
  }

  /** A node lives, in its `start`th process. */
  heard(peer: number, start: number): void {
    const life = this.#life;
    if (life === null) return;
    this.#do(() => life.liveness?.heard(asNode(peer), start, this.#now()), "message");
  }

  onOpened(peer: number): void {
    this.#life?.agent.onOpened(peer - 1);
  }

  /** A client's request. */
  request(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    group: number,
  ): void {
    const life = this.#life;
    if (life === null) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#do(() => {
      life.touched.add(group);
      life.host.request(group, client, requestId, bytes, view, at, end);
    }, "request");
  }

  /** A response to the agent of its `start`th life. */
  onAnswer(start: number, from: number, response: Response, body: Uint8Array): void {
    const life = this.#life;
    if (life === null || start !== this.#starts) return;
    const now = (): number => this.#now();
    this.#do(() => life.agent.onResponse(from - 1, response, body, now()), "message");
  }

  takeSnapshots(): void {
    this.#order((replica) => replica.takeSnapshot(() => {}), this.groups);
  }

  transferLeadership(group: number, to: number): void {
    this.#order((replica) => replica.transferLeadership(asNode(to), () => {}), [group]);
  }

  clockChanged(): void {
    this.#runtime.clockChanged();
  }

  #order(what: (replica: Replica) => void, groups: readonly number[]): void {
    const life = this.#life;
    if (life === null) return;
    this.#do(() => {
      for (const group of groups) {
        life.touched.add(group);
        life.host.with(group, what);
      }
    }, "message");
  }

  #crashed(): void {
    const life = this.#life;
    if (life === null) return;
    // It may end within a turn, and have said already what it did in it.
    for (const group of life.touched) this.#tell(life, group);
    this.#life = null;
    this.#runtime.crashed();
    this.#cpu?.reset();
    for (const group of this.groups) this.#in.watch.monitor(group).onCrash(this.id);
  }

  #now(): number {
    return this.clock.local(this.#in.world.now);
  }

  /** Does `work`, and then what it calls for: at once, or when the core has time for it. */
  #do(work: () => void, kind: keyof CpuCosts, entries = 0): void {
    if (this.#runtime.isPaused) this.#runtime.defer(() => this.#do(work, kind, entries));
    else if (this.#cpu !== null) this.#cpu.add(kind, entries, work);
    else this.#burst([work]);
  }

  #burst(works: readonly (() => void)[]): void {
    if (!this.isUp) return;
    this.#runtime.whileUp(() => {
      for (const work of works) {
        work();
        this.#runtime.checkUp();
      }
      this.#turn();
    });
  }

  #turn(): void {
    const life = this.#life!;
    life.liveness?.tick(this.#now());
    life.host.pump();
    this.#runtime.checkUp();
    for (const group of life.touched) this.#tell(life, group);
    life.touched.clear();
    life.agent.tick(this.#now());
    this.#runtime.arm();
  }

  #tell(life: Life, group: number): void {
    const status = life.host.replica(group)?.status();
    if (status === undefined) return;
    life.statuses.set(group, status);
    this.#in.watch.monitor(group).onTurn(this.id, status);
  }

  #touchAll(life: Life): void {
    for (const group of this.groups) life.touched.add(group);
  }

  #deadline(): number {
    const { host, agent, liveness } = this.#life!;
    return Math.min(host.deadline(), agent.deadline(), liveness?.deadline() ?? Infinity);
  }

  #onDeadline(): void {
    const life = this.#life!;
    this.#do(() => {
      life.host.onDeadline();
      this.#touchAll(life);
    }, "timer");
  }
}

function entriesOf(input: RaftInput): number {
  if (input.kind !== "message" || input.message.kind !== "appendEntries") return 0;
  return input.message.batches.reduce((sum, { count }) => sum + count, 0);
}
