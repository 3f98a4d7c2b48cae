import { asNode, type GroupId } from "../../lib/ids.ts";
import type { Prng } from "../../lib/prng.ts";
import { type AgentGroup, ShardAgent } from "../../client/shard-agent.ts";
import type { Command } from "../../kv/command.ts";
import { CONTROLLER_GROUP } from "../../kv/shard-config.ts";
import { ShardController } from "../../kv/shard-controller.ts";
import { ShardKv } from "../../kv/shard-kv.ts";
import type { Result } from "../../kv/state-machine.ts";
import type { RaftStatus } from "../../raft/api.ts";
import { Liveness } from "../../replica/liveness.ts";
import { createRaft } from "../../raft/raft.ts";
import type { Membership, Message } from "../../raft/types.ts";
import { Host, type HostPorts } from "../../replica/host.ts";
import type { Ports, Reply } from "../../replica/ports.ts";
import { Replica } from "../../replica/replica.ts";
import { GATHER_BYTES, type SimConfig } from "../api.ts";
import { hashBytes } from "../hash-bytes.ts";
import { NodeStorage, type OpenedGroup } from "../node-storage.ts";
import type { World } from "../world.ts";
import type { CpuCosts } from "./cpu.ts";
import type { ShardWatch } from "./watch.ts";

export type ShardMachine = ShardController | ShardKv;

export type ShardNodeWorld = {
  readonly world: World;
  readonly watch: ShardWatch;
  readonly config: SimConfig;
  readonly shards: number;
  /** Idle groups go to sleep. */
  readonly quiesce: boolean;
  readonly nodeIds: readonly number[];
  readonly prng: Prng;
  /** Of each group when it begins, the controller's among them. */
  membershipOf(group: number): Membership;
  send(group: GroupId, message: Message): void;
  reply(node: number, client: number, requestId: number, reply: Reply): void;
  /** A request of the node's agent. False: the node `to` is down. */
  ask(
    from: number,
    start: number,
    to: number,
    id: number,
    command: Command,
    group: number,
  ): boolean;
  /** Node `from`, in its `start`th process, tells another that it lives. */
  tellAlive(from: number, start: number, to: number): void;
  /** Its disk failed it: the process ends, and the node calls `kill`. */
  onStopped(node: number): void;
  /** The first node of a group has applied a command; the bytes are valid during the call only. */
  onApply(group: number, index: number, command: Uint8Array, result: Result): void;
  /** What its turns cost; null: they take no time. */
  readonly cpu: CpuCosts | null;
};

/** What is there from a start to the crash that follows. */
export type Life = {
  readonly host: Host;
  readonly agent: ShardAgent;
  /** Null: no group ever sleeps. */
  readonly liveness: Liveness | null;
  readonly machines: ReadonlyMap<number, ShardMachine>;
  /** Groups that something was done with since the monitors were told where they stand. */
  readonly touched: Set<number>;
  readonly statuses: Map<number, RaftStatus>;
};

/** A process of a node, from its start on. */
export type Process = {
  readonly world: ShardNodeWorld;
  readonly id: number;
  /** Which one of the node, from 1. */
  readonly start: number;
  readonly groups: readonly number[];
  readonly disk: NodeStorage;
  now(): number;
  life(): Life;
  /** Ends what runs if the process has ended. */
  checkUp(): void;
};

const controllerOf = (p: Process): ShardController =>
  p.life().machines.get(CONTROLLER_GROUP) as ShardController;

export function newMachine(p: Process, group: number): ShardMachine {
  const { shards, prng } = p.world;
  if (group === CONTROLLER_GROUP) return new ShardController(shards);
  return new ShardKv(group, shards, prng.fork(`streams ${p.id} ${p.start}`).u32());
}

export function newReplica(
  p: Process,
  group: GroupId,
  machine: ShardMachine,
  { restored, snapshots }: OpenedGroup,
  ports: Ports,
): Replica {
  const { config, prng, membershipOf } = p.world;
  const raft = createRaft(
    {
      ...config,
      id: asNode(p.id),
      membership: membershipOf(group),
      restored,
      mayVote: true,
      gatherBytes: GATHER_BYTES,
      quiesce: p.world.quiesce,
      random: prng.fork(`node ${p.id} group ${group} start ${p.start}`),
    },
    p.now(),
  );
  const { snapshotEveryBytes, leaseReads } = config;
  return new Replica(raft, watched(p, group, machine), ports, {
    ...{ snapshots, snapshotEveryBytes, leaseReads },
  });
}

export function newAgent(p: Process): ShardAgent {
  const { shards, nodeIds, prng, ask } = p.world;
  const start = p.start;
  const groups = p.groups.filter((group) => group !== CONTROLLER_GROUP);
  const seen = groups.map((group) => asAgentSees(p, group));
  const controller = (): ShardController => controllerOf(p);
  return new ShardAgent(
    {
      ...{ shards, nodeIds, prng: prng.fork(`agent ${p.id} start ${start}`) },
      controller: {
        get config() {
          return controller().config;
        },
        configAt: (num) => controller().configAt(num),
      },
      groups: () => seen,
    },
    (to, _lane, requestId, command, group) =>
      ask(p.id, start, nodeIds[to]!, requestId, command, group),
  );
}

export function newLiveness(p: Process, host: Host): Liveness | null {
  const { quiesce, nodeIds, config, tellAlive } = p.world;
  if (!quiesce) return null;
  const { electionTimeoutMinMs } = config;
  const liveness = new Liveness(
    {
      tell: (peer) => tellAlive(p.id, p.start, peer),
      suspect: (peer) => {
        for (const group of p.groups) p.life().touched.add(group);
        host.suspect(peer);
      },
      electionTimeoutMinMs,
    },
    p.now(),
  );
  liveness.follow(nodeIds.filter((id) => id !== p.id).map(asNode), p.now());
  return liveness;
}

function asAgentSees(p: Process, group: number): AgentGroup {
  const life = (): Life => p.life();
  return {
    group,
    get leads(): boolean {
      return life().host.replica(group)?.soft.role === "leader";
    },
    get machine(): ShardKv {
      return life().machines.get(group) as ShardKv;
    },
  };
}

export function portsOf(p: Process): HostPorts {
  const { watch, send, reply } = p.world;
  const { id } = p;
  const act = (group: number): void => {
    p.checkUp();
    p.life().touched.add(group);
  };
  return {
    now: () => p.now(),
    send: (group, message) => {
      act(group);
      watch.monitor(group).onSend(message);
      send(group, message);
    },
    persist: (group, write, durable) => {
      act(group);
      watch.monitor(group).onWrite(id, write);
      const onDurable = (writeSeq: number): void => {
        watch.monitor(group).onDurable(id);
        p.life().touched.add(group);
        durable(writeSeq);
      };
      p.disk.persist(write, onDurable, group);
    },
    reply: (_group, client, requestId, r) => {
      p.checkUp();
      reply(id, client, requestId, r);
    },
    onSoftState: () => {},
    flush: () => p.disk.commit(),
  };
}

/** The machine as the Replica uses it, with those who watch looking on. */
function watched(p: Process, group: number, machine: ShardMachine): ShardMachine {
  const { watch, onApply } = p.world;
  const monitor = watch.monitor(group);
  const apply = machine.apply.bind(machine);
  machine.apply = (bytes, view, at, end, index) => {
    apply(bytes, view, at, end, index);
    const { status, version } = machine.result;
    monitor.onApply(p.id, index, hashBytes(bytes, at, end), status, version);
    const command = bytes.subarray(at, end);
    if (watch.onApply(p.id, group, index, command, machine)) {
      onApply(group, index, command, machine.result);
    }
  };
  return machine;
}
