import { assert } from "../../lib/assert.ts";
import { asNode } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import type { Reply } from "../../replica/ports.ts";
import { eachEntry, lastIndexOf } from "../../raft/batch.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../raft/types.ts";
import type { SimConfig, SimEvent } from "../api.ts";
import { Monitor } from "../monitor.ts";
import { SimNode } from "../node.ts";
import { violated } from "../violation.ts";
import { EVENT, World } from "../world.ts";
import { AppliedLog } from "./applied.ts";
import { Clerks } from "./clerks.ts";
import { appendCommand, getCommand, localGetCommand, RAW_CLIENT } from "./command.ts";
import { LabFailure } from "./failure.ts";
import { FAIR, LabNetwork, type Weather } from "./network.ts";
import { type Script, spawn, type Task } from "./script.ts";

const POWER_LOSSES = ["nothing", "prefix", "subset", "torn"] as const;
const NOTES_MAX = 40;
const decoder = new TextDecoder();
/** When a peer learns that a process died: its connections break. */
const BROKEN_AFTER_MS = 1;

/** A command that a leader has taken, as labs know it (`Start`). */
export type Proposal = { readonly index: number; readonly term: number };

/** How a command that was put to one server ended; null: not yet. */
export type Submitted = {
  reply: {
    readonly status: number;
    readonly version: number;
    readonly index: number;
    /** The value that was read; "" for a write. */
    readonly value: string;
  } | null;
  /** The server died, and with it the connection. */
  isBroken: boolean;
};

/**
 * A cluster as the MIT labs have it: servers that a script plugs out and in, kills and restarts, and
 * puts commands to, one by one. They are the simulator's nodes, watched by its monitor; node ids are
 * 1 … servers. A kill loses what the disk had not yet made durable, all or some of it.
 */
export class Lab {
  readonly world = new World();
  readonly monitor: Monitor;
  readonly network: LabNetwork;
  readonly nodes: readonly SimNode[];
  readonly clerks: Clerks;
  readonly applied = new AppliedLog();
  readonly config: SimConfig;
  /** Of the script. */
  readonly random: Prng;
  /** Why the verdict is not known, if nothing fails: a checker ran out of its limits. */
  unknown: string | null = null;
  readonly #notes: string[] = [];
  readonly #submitted = new Map<number, { readonly to: number; readonly state: Submitted }>();
  #requests = 0;
  #values = 0;

  /** The first `voters` servers are the voters at first; the others run, and belong to nobody. */
  constructor(seed: number, servers: number, voters: number, config: SimConfig) {
    const prng = new Prng(seed);
    const ids = Array.from({ length: servers }, (_, i) => i + 1);
    const { world } = this;
    this.config = config;
    this.random = prng.fork("script");
    this.monitor = new Monitor(ids);
    this.network = new LabNetwork(world, servers, prng, {
      isUp: (id) => this.node(id).isUp,
      deliver: (message) => this.node(message.to).input({ kind: "message", message }),
      onUnreachable: (from, to) =>
        this.node(from).input({ kind: "peerUnreachable", peer: asNode(to) }),
    });
    const shared: ConstructorParameters<typeof SimNode>[2] = {
      world,
      config,
      prng,
      monitor: this.monitor,
      membership: { voters: ids.slice(0, voters).map(asNode), votersOutgoing: [], learners: [] },
      send: (message) => this.network.send(message),
      reply: (node, client, requestId, reply) => this.#onReply(node, client, requestId, reply),
      onStopped: (node) => this.crash(node),
      onApply: (node, index, command, result) => {
        this.applied.onApply(node, index, command);
        this.clerks.clients.onApply(index, command, result);
      },
      observe: (_atMs, event) => this.#onEvent(event),
    };
    this.nodes = ids.map((id) => {
      // As far apart as two clocks may be by clockDriftMax.
      const rate = 1 + (prng.fork(`clock ${id}`).float() - 0.5) * config.clockDriftMax;
      return new SimNode(id, { rate, offsetMs: 1000 * id }, shared);
    });
    this.clerks = new Clerks(this, prng);
    for (const node of this.nodes) node.start();
  }

  get servers(): number {
    return this.nodes.length;
  }

  get ids(): readonly number[] {
    return this.nodes.map((node) => node.id);
  }

  node(id: number): SimNode {
    return this.nodes[id - 1]!;
  }

  /** The server `count` after `id`, around the ring. */
  after(id: number, count: number): number {
    return ((id - 1 + count) % this.servers) + 1;
  }

  /** Runs and is plugged in. */
  isReachable(id: number): boolean {
    return this.node(id).isUp && !this.node(id).isPaused && this.network.isConnected(id);
  }

  /** A value that no other command has. */
  fresh(): string {
    return `v${++this.#values}`;
  }

  spawn<T>(script: Script<T>): Task<T> {
    return spawn(this.world, script);
  }

  /** Ends the run unless `condition` holds. */
  expect(condition: boolean, message: string): asserts condition {
    if (!condition) throw new LabFailure(message);
  }

  /** What was done lately, for whoever reads of a failure. */
  note(text: string): void {
    this.#notes.push(`${this.world.now.toFixed(1).padStart(9)} ms  ${text}`);
    if (this.#notes.length > NOTES_MAX) this.#notes.shift();
  }

  notes(): readonly string[] {
    return this.#notes;
  }

  setWeather(weather: Partial<Weather>): void {
    this.network.weather = { ...FAIR, ...weather };
    this.note(`weather ${JSON.stringify(weather)}`);
  }

  connect(...ids: readonly number[]): void {
    for (const id of ids) this.network.plug(id, true, true);
    this.note(`connect ${ids.join(", ")}`);
  }

  disconnect(...ids: readonly number[]): void {
    for (const id of ids) this.network.plug(id, false, false);
    this.note(`disconnect ${ids.join(", ")}`);
  }

  /** Cuts one direction: what the server hears, or what others hear of it. */
  cutOneWay(id: number, direction: "in" | "out"): void {
    this.network.plug(id, direction !== "in", direction !== "out");
    this.note(`cut ${direction} ${id}`);
  }

  /** Splits the cluster: these servers on one side, the rest on the other. None: it is whole. */
  split(...ids: readonly number[]): void {
    this.network.split(ids);
    this.note(`split off ${ids.join(", ") || "nobody"}`);
  }

  /** Plugs in, restarts and resumes every server, over a fair network. */
  heal(): void {
    this.note("heal");
    this.network.weather = FAIR;
    this.network.split([]);
    for (const node of this.nodes) {
      if (node.isPaused) node.resume();
      if (!node.isUp) this.#start(node.id);
      this.network.plug(node.id, true, true);
    }
  }

  /** A process that is killed, or a machine that loses power. Nothing if it is down. */
  crash(...ids: readonly number[]): void {
    for (const id of ids) {
      if (!this.node(id).isUp) continue;
      const keeps = this.random.pick([null, ...POWER_LOSSES]);
      if (keeps === null) this.node(id).kill();
      else this.node(id).losePower(keeps);
      this.world.at(this.world.now + BROKEN_AFTER_MS, EVENT.unreachable, id, () =>
        this.#onBroken(id),
      );
    }
    this.note(`crash ${ids.join(", ")}`);
  }

  /** Starts servers again, after killing those that run, and plugs them in. */
  restart(...ids: readonly number[]): void {
    for (const id of ids) {
      if (this.node(id).isUp) this.crash(id);
      this.#start(id);
      this.network.plug(id, true, true);
    }
    this.note(`restart ${ids.join(", ")}`);
  }

  /** SIGSTOP and SIGCONT: what arrives meanwhile is there when it goes on. */
  pause(id: number): void {
    this.node(id).pause();
    this.note(`pause ${id}`);
  }

  resume(id: number): void {
    this.note(`resume ${id}`);
    this.node(id).resume();
  }

  /** Puts a command to the server; null unless it leads and takes it. */
  propose(id: number, value: string): Proposal | null {
    const before = this.node(id).status;
    if (before?.role !== "leader") return null;
    this.submit(id, value);
    const { lastIndex, term } = this.node(id).status ?? before;
    return lastIndex === before.lastIndex + 1 ? { index: lastIndex, term } : null;
  }

  /** Puts a command to the server, leader or not, and says what becomes of it. */
  submit(id: number, value: string): Submitted {
    return this.#submit(id, appendCommand(value));
  }

  /** How many commands the server has applied to its state: the key's version, as it tells it. */
  counter(id: number): number {
    return this.#submit(id, localGetCommand()).reply?.version ?? -1;
  }

  /** How many servers have applied the index. */
  appliedBy(index: number): number {
    return this.nodes.filter(({ status }) => status !== null && status.appliedIndex >= index)
      .length;
  }

  /** Which command of the server's log is at `index`, from 1. The log must reach back to 1. */
  commandNumber(id: number, index: number): number {
    const batches = this.#batches(id);
    assert(batches[0]?.firstIndex === 1, "commands below a snapshot cannot be numbered");
    let count = 0;
    for (const batch of batches) {
      if (batch.kind !== ENTRY_COMMAND) continue;
      eachEntry(batch, (_at, _end, at) => {
        if (at <= index) count++;
      });
    }
    return count;
  }

  /** Bytes of entries that the server must keep on its disk: those that no snapshot covers. */
  logBytes(id: number): number {
    const { snapshotIndex } = this.node(id).status ?? { snapshotIndex: 0 };
    const kept = this.#batches(id).filter((batch) => lastIndexOf(batch) > snapshotIndex);
    return kept.reduce((sum, batch) => sum + batch.bytes.length, 0);
  }

  /** Bytes of the server's snapshot; 0: it has none. */
  snapshotBytes(id: number): number {
    return this.node(id).disk.snapshotBytes;
  }

  #batches(id: number): readonly EntryBatch[] {
    return this.node(id).disk.durable()?.batches ?? [];
  }

  /** A linearizable read, put to one server. */
  confirmedGet(id: number, key = 0): Submitted {
    return this.#submit(id, getCommand(key));
  }

  #submit(id: number, command: Uint8Array): Submitted {
    const state: Submitted = { reply: null, isBroken: !this.node(id).isUp };
    const requestId = ++this.#requests;
    this.#submitted.set(requestId, { to: id, state });
    this.node(id).request(RAW_CLIENT, requestId, command, 0, command.length);
    return state;
  }

  #start(id: number): void {
    this.applied.onStart(id);
    this.node(id).start();
    this.clerks.onOpened(id);
  }

  #onBroken(id: number): void {
    for (const node of this.nodes) {
      if (node.id === id) continue;
      node.input({ kind: "peerUnreachable", peer: asNode(id) });
      node.input({ kind: "peerLost", peer: asNode(id) });
    }
    this.clerks.onClosed(id);
    for (const [requestId, { to, state }] of this.#submitted) {
      if (to !== id) continue;
      state.isBroken = true;
      this.#submitted.delete(requestId);
    }
  }

  #onReply(node: number, client: number, requestId: number, reply: Reply): void {
    if (client !== RAW_CLIENT) return this.clerks.onReply(node, client, requestId, reply);
    const submitted = this.#submitted.get(requestId);
    if (submitted === undefined) violated("ORC", `request ${requestId} is answered twice`);
    this.#submitted.delete(requestId);
    const { status, version, index, valueIn, valueAt, valueBytes } = reply;
    const value = decoder.decode(valueIn.subarray(valueAt, valueAt + valueBytes));
    submitted.state.reply = { status, version, index, value };
  }

  #onEvent(event: SimEvent): void {
    if (event.kind === "apply") {
      this.applied.onTurn(event.node, this.node(event.node).status?.snapshotIndex ?? 0);
    } else if (event.kind === "role" && event.role === "leader") {
      this.note(`node ${event.node} leads term ${event.term}`);
    }
  }
}
