import { broken } from "../lib/assert.ts";
import { TimeHeap } from "../lib/heap.ts";
import { type GroupId, NO_NODE, type NodeId } from "../lib/ids.ts";
import type { Millis, RaftInput, SoftState } from "../raft/api.ts";
import { members } from "../raft/quorum.ts";
import type { Message } from "../raft/types.ts";
import { STATUS } from "../wire/errors.ts";
import type { ClientPort, DurableWrite, Ports, Reply } from "./ports.ts";
import type { Replica } from "./replica.ts";

const NO_BYTES = new Uint8Array(0);

/** What a host needs of its world: Ports, with the group told. */
export type HostPorts = {
  now(): Millis;
  send(group: GroupId, message: Message): void;
  persist(group: GroupId, write: DurableWrite, durable: (writeSeq: number) => void): void;
  reply(group: GroupId, client: number, requestId: number, reply: Reply): void;
  onSoftState(group: GroupId, state: SoftState): void;
  flush(): void;
  /** Ports.hurry, of a node with one group: many groups leave together. */
  hurry?(isLeader: boolean): void;
  /** Ports.arrivedAt. */
  arrivedAt?(): Millis;
};

/** What the protocols (binary, HTTP, …) call, as ClientPort: each request goes to a group. */
export type GroupClientPort = {
  request(group: number, ...request: Parameters<ClientPort["request"]>): void;
};

type Hosted = {
  readonly group: GroupId;
  readonly replica: Replica;
  /** It was given something since its last pump. */
  isDirty: boolean;
  /** The earliest entry of the heap that is its own. */
  scheduledAt: Millis;
};

/**
 * Many replicas, each of another group, behind one set of ports: one log, one connection a peer. A turn
 * costs what the groups cost that were given something in it; the others are not looked at.
 *
 * As a Replica, it absorbs inputs and requests at once, and acts on them in `pump`: once a turn.
 */
export class Host implements GroupClientPort {
  readonly #ports: HostPorts;
  readonly #hosted = new Map<number, Hosted>();
  #dirty: Hosted[] = [];
  readonly #deadlines = new TimeHeap<Hosted>();
  #pumping = false;
  #flushing = false;
  /** Within a flush a replica has followed up a write that became durable: what it queued has to leave, too. */
  #flushAgain = false;
  /** Requests are refused: the node is about to end. */
  #closing = false;
  /** The group of the last request: requests come in runs. */
  #asked: Hosted | null = null;

  constructor(ports: HostPorts) {
    this.#ports = ports;
  }

  /** The groups that it hosts, in the order in which they came. */
  get groups(): IterableIterator<number> {
    return this.#hosted.keys();
  }

  /** Null: no such group is hosted. */
  replica(group: number): Replica | null {
    return this.#hosted.get(group)?.replica ?? null;
  }

  /** Client requests taken and not yet answered, of all groups. */
  get unanswered(): number {
    let sum = 0;
    for (const { replica } of this.#hosted.values()) sum += replica.unanswered;
    return sum;
  }

  /** Hosts one more group. `create` makes its replica, on the ports that it is given. */
  add(group: GroupId, create: (ports: Ports) => Replica): Replica {
    if (this.#hosted.has(group)) broken(`group ${group} is hosted already`);
    const replica = create(this.#portsOf(group));
    const hosted: Hosted = { group, replica, isDirty: false, scheduledAt: Infinity };
    this.#hosted.set(group, hosted);
    this.#touch(hosted);
    return replica;
  }

  /** Absorbs one input of a group's core. Of a group that is not hosted it is dropped, as a lost message. */
  input(group: number, input: RaftInput): void {
    const hosted = this.#hosted.get(group);
    if (hosted === undefined) return;
    hosted.replica.input(input);
    this.#touch(hosted);
  }

  /** Does something with a replica that its pump must follow up: an order of an operator. */
  with(group: number, act: (replica: Replica) => void): boolean {
    const hosted = this.#hosted.get(group);
    if (hosted === undefined) return false;
    act(hosted.replica);
    this.#touch(hosted);
    return true;
  }

  /** Messages to `peer` were lost, those of any group. */
  unreachable(peer: NodeId): void {
    for (const hosted of this.#hosted.values()) {
      hosted.replica.input({ kind: "peerUnreachable", peer });
      this.#touch(hosted);
    }
  }

  /** The connection on which `peer` spoke broke: the groups that it leads must look for another leader. */
  lost(peer: NodeId): void {
    for (const hosted of this.#hosted.values()) {
      if (hosted.replica.soft.leaderId !== peer) continue;
      hosted.replica.input({ kind: "peerLost", peer });
      this.#touch(hosted);
    }
  }

  /** `peer` may be gone, or has begun anew: wakes the groups that it leads, or that are led here and have it. */
  suspect(peer: NodeId): void {
    for (const hosted of this.#hosted.values()) {
      const { role, leaderId, membership } = hosted.replica.status();
      if (role === "leader" ? !members(membership).includes(peer) : leaderId !== peer) continue;
      hosted.replica.input({ kind: "wake" });
      this.#touch(hosted);
    }
  }

  /** From now on requests are refused as `shuttingDown`; those that were taken are answered. */
  close(): void {
    this.#closing = true;
  }

  /** Takes one client request, as ClientPort.request; of a group that is not hosted: noGroup. */
  request(
    group: number,
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
  ): void {
    let hosted = this.#asked;
    if (this.#closing) return this.#refuse(group, client, requestId, STATUS.shuttingDown.code);
    if (hosted === null || hosted.group !== group) {
      hosted = this.#hosted.get(group) ?? null;
      if (hosted === null) return this.#refuse(group, client, requestId, STATUS.noGroup.code);
      this.#asked = hosted;
    }
    hosted.replica.request(client, requestId, bytes, view, at, end);
    this.#touch(hosted);
  }

  /** When `onDeadline` is next due. */
  deadline(): Millis {
    while (this.#isPutOff()) this.#reschedule();
    return this.#deadlines.nextAt;
  }

  /** Whether the earliest entry of the heap is no longer when its group is due: heartbeats move that along. */
  #isPutOff(): boolean {
    const hosted = this.#deadlines.next;
    if (hosted === undefined) return false;
    return (
      this.#deadlines.nextAt !== hosted.scheduledAt ||
      hosted.replica.deadline() > hosted.scheduledAt
    );
  }

  #reschedule(): void {
    const at = this.#deadlines.nextAt;
    const hosted = this.#deadlines.take()!;
    // Another entry, an earlier one that came later, stands for it.
    if (at !== hosted.scheduledAt) return;
    hosted.scheduledAt = Infinity;
    this.#schedule(hosted);
  }

  /** Tells the groups whose time has come. Call pump() afterwards. */
  onDeadline(): void {
    const now = this.#ports.now();
    while (this.#deadlines.nextAt <= now) {
      const at = this.#deadlines.nextAt;
      const hosted = this.#deadlines.take()!;
      // The core has put it off since, and another entry stands for that.
      if (at !== hosted.scheduledAt) continue;
      hosted.scheduledAt = Infinity;
      if (hosted.replica.deadline() <= now) hosted.replica.input({ kind: "deadline" });
      this.#touch(hosted);
    }
  }

  /** Does what the inputs so far call for, in all groups, and hands it over in one go. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    do {
      while (this.#dirty.length > 0) {
        const dirty = this.#dirty;
        this.#dirty = [];
        for (const hosted of dirty) {
          hosted.isDirty = false;
          hosted.replica.pump();
          this.#schedule(hosted);
        }
      }
      this.#flushAgain = false;
      this.#flushing = true;
      // May make a write durable within the call, which its replica then follows up.
      this.#ports.flush();
      this.#flushing = false;
    } while (this.#dirty.length > 0 || this.#flushAgain);
    this.#pumping = false;
  }

  /** Calls `tell`, which tells writes of several groups durable: all that they lead to leaves in one flush. */
  together(tell: () => void): void {
    if (this.#pumping) return tell();
    this.#pumping = this.#flushing = true;
    this.#flushAgain = false;
    tell();
    this.#pumping = this.#flushing = false;
    if (this.#flushAgain) this.pump();
  }

  #touch(hosted: Hosted): void {
    if (hosted.isDirty) return;
    hosted.isDirty = true;
    this.#dirty.push(hosted);
  }

  /** Entries are not moved along: one that comes too early finds the new time and is put there. */
  #schedule(hosted: Hosted): void {
    const at = hosted.replica.deadline();
    if (at >= hosted.scheduledAt || at === Infinity) return;
    hosted.scheduledAt = at;
    this.#deadlines.add(at, hosted);
  }

  #portsOf(group: GroupId): Ports {
    const ports = this.#ports;
    return {
      now: () => ports.now(),
      arrivedAt: () => ports.arrivedAt?.() ?? ports.now(),
      send: (message) => ports.send(group, message),
      persist: (write, durable) => ports.persist(group, write, durable),
      reply: (client, requestId, reply) => ports.reply(group, client, requestId, reply),
      onSoftState: (state) => ports.onSoftState(group, state),
      hurry: (isLeader) => {
        if (this.#hosted.size === 1) ports.hurry?.(isLeader);
      },
      // Within a pump of the host all groups flush together; a replica that a disk write wakes pumps alone.
      flush: () => {
        if (this.#pumping && !this.#flushing) return;
        const hosted = this.#hosted.get(group);
        if (hosted !== undefined) this.#schedule(hosted);
        if (this.#flushing) this.#flushAgain = true;
        else ports.flush();
      },
    };
  }

  #refuse(group: number, client: number, requestId: number, status: number): void {
    this.#ports.reply(group as GroupId, client, requestId, {
      status,
      leaderHint: NO_NODE,
      version: 0,
      index: 0,
      valueIn: NO_BYTES,
      valueAt: 0,
      valueBytes: 0,
    });
  }
}
