import { encoded } from "../../kv/testing/commands.ts";
import type { Command } from "../../kv/command.ts";
import { createStateMachine } from "../../kv/sessions.ts";
import { asGroup, asNode, type GroupId, type NodeId } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { RAFT_DEFAULTS } from "../../raft/api.ts";
import { createRaft } from "../../raft/raft.ts";
import { TestDisk } from "../../raft/testing/disk.ts";
import type { Message } from "../../raft/types.ts";
import { statusName } from "../../wire/errors.ts";
import { Host } from "../host.ts";
import { Liveness } from "../liveness.ts";
import { Replica } from "../replica.ts";

type Node = {
  readonly host: Host;
  readonly liveness: Liveness;
  /** Of its process. */
  readonly boot: number;
  isPaused: boolean;
};
type Letter = { readonly from: number; readonly to: number; readonly deliver: () => void };

/**
 * Nodes with many groups that sleep when nobody uses them, in time: messages and disk writes take none, what
 * is sent to a paused node waits for it, and links can be cut.
 */
export class IdleWorld {
  now = 0;
  readonly nodes = new Map<number, Node>();
  readonly cut = new Set<string>();
  /** Messages between replicas since the start. */
  messages = 0;
  /** Messages lost, as a share. */
  loss = 0;
  readonly #placement: ReadonlyMap<number, readonly number[]>;
  readonly #prng: Prng;
  readonly #replies = new Map<number, { readonly status: string; readonly text: string }>();
  #network: Letter[] = [];
  #requestId = 0;
  readonly #disks = new Map<string, TestDisk>();

  constructor(placement: ReadonlyMap<number, readonly number[]>, seed = 1) {
    this.#placement = placement;
    this.#prng = new Prng(seed);
    for (const id of new Set([...placement.values()].flat())) this.start(id, 1);
  }

  /** A new process of node `id`, on what its disk holds. */
  start(id: number, boot: number): void {
    const host = new Host({
      now: () => this.now,
      send: (group, message) => this.#send(id, group, message),
      persist: (group, write, durable) => {
        const disk = this.#diskOf(id, group);
        disk.writes.push(write);
        durable(disk.sync());
      },
      reply: (_group, _client, requestId, { status, valueIn, valueAt, valueBytes }) => {
        const text = new TextDecoder().decode(valueIn.subarray(valueAt, valueAt + valueBytes));
        this.#replies.set(requestId, { status: statusName(status)!, text });
      },
      onSoftState: () => {},
      flush: () => {},
    });
    const tell = (peer: NodeId) => {
      this.#post(id, peer, () => {
        this.nodes.get(peer)!.liveness.heard(asNode(id), boot, this.now);
      });
    };
    const liveness = new Liveness({ tell, suspect: (peer) => host.suspect(peer) }, this.now);
    const peers = [...new Set([...this.#placement.values()].flat())].filter((peer) => peer !== id);
    liveness.follow(peers.map(asNode), this.now);
    this.nodes.set(id, { host, liveness, boot, isPaused: false });
    for (const [group, nodes] of this.#placement) if (nodes.includes(id)) this.#add(id, group);
  }

  #add(id: number, group: number): void {
    const voters = this.#placement.get(group)!.map(asNode);
    const { boot, host } = this.nodes.get(id)!;
    const config = {
      ...RAFT_DEFAULTS,
      ...{ id: asNode(id), restored: this.#diskOf(id, group).restored(), quiesce: true },
      membership: { voters, votersOutgoing: [], learners: [] },
      random: this.#prng.fork(`${id} ${group} ${boot}`),
    };
    host.add(
      asGroup(group),
      (ports) => new Replica(createRaft(config, this.now), createStateMachine(), ports),
    );
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.#settle();
    for (const end = this.now + ms; ;) {
      const running = [...this.nodes.values()].filter((node) => !node.isPaused);
      const next = Math.min(
        ...running.flatMap(({ host, liveness }) => [host.deadline(), liveness.deadline()]),
      );
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = Math.max(this.now, next);
      for (const { host, liveness } of running) {
        if (host.deadline() <= this.now) host.onDeadline();
        liveness.tick(this.now);
      }
      this.#settle();
    }
  }

  /** Who runs, leads the group, and is not of an older term than another. */
  leaderOf(group: number): number {
    let [leader, newest] = [0, 0];
    for (const [id, { host }] of this.nodes) {
      const soft = host.replica(group)?.soft;
      if (soft === undefined || soft.term < newest) continue;
      if (soft.role === "leader") leader = id;
      else if (soft.term > newest) leader = 0;
      newest = soft.term;
    }
    return leader;
  }

  /** Whether no timer of any replica of the group runs. */
  sleeps(group: number): boolean {
    return this.#placement
      .get(group)!
      .every((id) => this.nodes.get(id)!.host.replica(group)!.deadline() === Infinity);
  }

  get groups(): readonly number[] {
    return [...this.#placement.keys()];
  }

  /** What the leader of the group answers, at once. */
  ask(group: number, c: Command): { readonly status: string; readonly text: string } | undefined {
    const { bytes, view, at, end } = encoded(c);
    const leader = this.nodes.get(this.leaderOf(group));
    const requestId = ++this.#requestId;
    leader?.host.request(group, 1, requestId, bytes, view, at, end);
    this.#settle();
    return this.#replies.get(requestId);
  }

  #settle(): void {
    for (const node of this.nodes.values()) if (!node.isPaused) node.host.pump();
    for (let moved = true; moved;) {
      moved = false;
      const letters = this.#network;
      this.#network = [];
      for (const letter of letters) {
        const to = this.nodes.get(letter.to)!;
        if (to.isPaused) {
          this.#network.push(letter);
          continue;
        }
        letter.deliver();
        to.host.pump();
        moved = true;
      }
    }
  }

  #diskOf(id: number, group: number): TestDisk {
    const key = `${id} ${group}`;
    const disk = this.#disks.get(key) ?? new TestDisk();
    this.#disks.set(key, disk);
    return disk;
  }

  #send(from: number, group: GroupId, message: Message): void {
    this.messages++;
    this.#post(from, message.to, () => {
      this.nodes.get(message.to)!.host.input(group, { kind: "message", message });
    });
  }

  #post(from: number, to: number, deliver: () => void): void {
    if (this.cut.has(`${from}>${to}`) || this.#prng.chance(this.loss)) return;
    this.#network.push({ from, to, deliver });
  }
}
