import { type Directive, goldenTests } from "../lib/testing/golden.ts";
import { asIndex, asNode } from "../lib/ids.ts";
import { describeMessage } from "./describe.ts";
import { TestCluster } from "./testing/cluster.ts";

/**
 * The words of the golden files. Nodes that are down or `cut` neither send nor hear; what is on the
 * wire when they are cut is lost.
 */
goldenTests(`${import.meta.dir}/testdata`, () => {
  let cluster = new TestCluster(0);
  const cut = new Set<number>();

  const ids = (d: Directive) => d.args.map(Number);
  const lose = () => {
    for (let i = cluster.network.length - 1; i >= 0; i--) {
      const { from, to } = cluster.network[i]!;
      if (cut.has(from) || cut.has(to)) cluster.network.splice(i, 1);
    }
  };
  const commands: Record<string, (d: Directive) => string> = {
    // logs: one line per node, `<id>: <term of entry 1> <term of entry 2> …`; term=<t> for all.
    // With one=true an AppendEntries carries one entry, and one is outstanding; spares=<n> more nodes
    // run without being members. With quiesce=true idle groups go to sleep; with leases=true leaders hold leases. A chunk of a snapshot has 8 bytes (two entries); two are on the way.
    logs(d) {
      const lines = d.input.split("\n");
      const one = d.options.get("one") === "true";
      const limits = {
        ...(one ? { appendBytesMax: 1, inflightMessagesMax: 1 } : {}),
        ...{
          quiesce: d.options.get("quiesce") === "true",
          leaseReads: d.options.get("leases") === "true",
        },
        ...{ trailingBytes: 0, snapshotChunkBytes: 8, snapshotInflightBytesMax: 16 },
      };
      cluster = new TestCluster(lines.length, 1, limits, Number(d.options.get("spares") ?? 0));
      for (const line of lines) {
        const [id, terms = ""] = line.split(":");
        const entries = terms.trim().split(/\s+/).filter(Boolean).map(Number);
        cluster.load(Number(id), entries, Number(d.options.get("term")));
      }
      return "ok";
    },
    // campaign <id>: the election timeout passes, and everyone else's leader has gone silent.
    campaign(d) {
      const [id] = ids(d) as [number];
      cluster.now += 1_000;
      cluster.deadline(id);
      lose();
      return status(id);
    },
    // deliver: delivers messages in order until none, or max=<n>, are left, printing each.
    deliver(d) {
      const lines: string[] = [];
      const quiet = d.args.includes("quietly");
      const max = Number(d.options.get("max") ?? Infinity);
      while (cluster.network.length > 0 && lines.length < max) {
        lines.push(describeMessage(cluster.deliver()));
        lose();
      }
      return quiet ? "ok" : lines.join("\n") || "nothing";
    },
    // drop: loses everything on the wire, or max=<n> messages, printing each.
    drop(d) {
      const lost = cluster.network.splice(0, Number(d.options.get("max") ?? Infinity));
      return lost.map(describeMessage).join("\n") || "nothing";
    },
    // run <ms>: all deliver and meet their deadlines; prints what is sent from=<id>, to=<id>.
    run(d) {
      const end = cluster.now + ids(d)[0]!;
      const lines: string[] = [];
      for (;;) {
        for (; cluster.network.length > 0; lose()) {
          const message = cluster.deliver();
          const [from, to] = [d.options.get("from"), d.options.get("to")].map(Number);
          if (message.from === from && message.to === to) lines.push(describeMessage(message));
        }
        const up = [...cluster.nodes.values()].filter((node) => node.up);
        const next = up.sort((a, b) => a.raft.deadline() - b.raft.deadline())[0]!;
        if (next.raft.deadline() > end) break;
        cluster.deadline(next.id);
        lose();
      }
      cluster.now = end;
      return lines.join("\n") || "ok";
    },
    // wake <id>: whoever runs it thinks that a peer may be gone.
    wake(d) {
      cluster.input(ids(d)[0]!, { kind: "wake" });
      lose();
      return status(ids(d)[0]!);
    },
    // lost <id>…: the connections of the last one to the others break.
    lost(d) {
      const of = ids(d);
      const peer = asNode(of.pop()!);
      for (const id of of) cluster.input(id, { kind: "peerLost", peer });
      lose();
      return of.map(status).join("\n");
    },
    // status <id>…
    status: (d) => ids(d).map(status).join("\n"),
    // wait <ms>: time passes; nobody notices but by a deadline.
    wait: (d) => ((cluster.now += ids(d)[0]!), "ok"),
    // snapshot <id>: saves its applied state, and compacts its log.
    snapshot(d) {
      cluster.snapshot(ids(d)[0]!);
      lose();
      return status(ids(d)[0]!);
    },
    // installs held|running: whether a whole snapshot is installed only by `install` or `refuse`.
    installs: (d) => ((cluster.autoInstall = d.args[0] === "running"), "ok"),
    install(d) {
      cluster.install(ids(d)[0]!);
      return status(ids(d)[0]!);
    },
    refuse: (d) => (cluster.install(ids(d)[0]!, false), status(ids(d)[0]!)),
    // change <id> voters=<ids> learners=<ids>: asks <id> for a change of membership.
    change(d) {
      const list = (name: string) =>
        (d.options.get(name) ?? "").split(",").filter(Boolean).map(Number).map(asNode);
      const [voters, learners] = [list("voters"), list("learners")];
      cluster.input(ids(d)[0]!, { kind: "changeMembership", tag: 1, voters, learners });
      lose();
      return membership(ids(d)[0]!);
    },
    transfer(d) {
      const [id, to] = ids(d) as [number, number];
      cluster.input(id, { kind: "transferLeadership", tag: 2, to: asNode(to) });
      lose();
      return status(id);
    },
    // members <id>…: the membership that each uses.
    members: (d) => ids(d).map(membership).join("\n"),
    // outcomes: how changes and transfers ended since the last time.
    outcomes() {
      const lines = cluster.outcomes.splice(0).map(({ outcome, reason }) => `${outcome} ${reason}`);
      return lines.map((line) => line.trimEnd()).join("\n") || "none";
    },
    // tick <id>: its heartbeat or election is due.
    tick(d) {
      const id = ids(d)[0]!;
      const { raft } = cluster.nodes.get(asNode(id))!;
      const beats = () =>
        raft.status().role !== "leader" ||
        raft.deadline() === Infinity ||
        cluster.network.some(({ kind, from }) => kind === "heartbeat" && from === id);
      do cluster.deadline(id);
      while (!beats());
      lose();
      return status(id);
    },
    // overdue <id>: the ack that it waits for longest, its heartbeat or its election is due.
    overdue(d) {
      cluster.deadline(ids(d)[0]!);
      lose();
      return status(ids(d)[0]!);
    },
    propose(d) {
      cluster.propose(Number(d.args[0]), d.args[1]!);
      lose();
      return status(Number(d.args[0]));
    },
    // read <id> <tag> [lease]
    read(d) {
      const lease = d.args[2] === "lease";
      cluster.input(Number(d.args[0]), { kind: "readIndex", tag: Number(d.args[1]), lease });
      lose();
      return "ok";
    },
    // reads: what was confirmed and refused since the last time.
    reads() {
      const confirmed = cluster.confirmedReads.splice(0).map((r) => `read ${r.tag} at ${r.index}`);
      const refused = cluster.refused.splice(0).map((tag) => `refused ${tag}`);
      return [...confirmed, ...refused].join("\n") || "none";
    },
    crash: (d) => (ids(d).forEach((id) => cluster.crash(id)), "ok"),
    restart: (d) => (ids(d).forEach((id) => cluster.restart(id)), "ok"),
    cut: (d) => (ids(d).forEach((id) => cut.add(id)), lose(), "ok"),
    heal: () => (cut.clear(), "ok"),
    // disks held|running: whether writes become durable only by `persist`.
    disks: (d) => ((cluster.autoPersist = d.args[0] === "running"), "ok"),
    persist(d) {
      cluster.persist(ids(d)[0]!);
      lose();
      return status(ids(d)[0]!);
    },
    // show <id>…: the terms in each node's log, and what is committed.
    show: (d) => ids(d).map(log).join("\n"),
  };
  const status = (id: number) => {
    const { role, term, log, quiescent } = cluster.node(id).state;
    const sleeps = quiescent ? " quiescent" : "";
    return `${id} ${role} term=${term} last=${log.lastIndex} commit=${log.commitIndex}${sleeps}`;
  };
  const membership = (id: number) => {
    const { voters, votersOutgoing, learners } = cluster.node(id).state.membership;
    const outgoing = votersOutgoing.length > 0 ? ` outgoing=${votersOutgoing.join(",")}` : "";
    const learning = learners.length > 0 ? ` learners=${learners.join(",")}` : "";
    return `${id} voters=${voters.join(",")}${outgoing}${learning}`;
  };
  const log = (id: number) => {
    const { log } = cluster.node(id).state;
    const from = log.compactedIndex;
    const terms = Array.from({ length: log.lastIndex - from }, (_, i) =>
      log.termAt(asIndex(from + i + 1)),
    );
    const compacted = from > 0 ? `…${from}@${log.compactedTerm} ` : "";
    return `${id}: ${compacted}${terms.join(" ")} | commit=${log.commitIndex}`;
  };
  return (d) => {
    const command = commands[d.name];
    if (command === undefined) throw new Error(`line ${d.line}: unknown directive "${d.name}"`);
    return command(d);
  };
});
