import { type Directive, goldenTests } from "../lib/testing/golden.ts";
import { asIndex } from "../lib/ids.ts";
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
    // With one=true an AppendEntries carries one entry, and one is outstanding.
    logs(d) {
      const lines = d.input.split("\n");
      const one = { appendBytesMax: 1, inflightMessagesMax: 1 };
      cluster = new TestCluster(lines.length, 1, d.options.get("one") === "true" ? one : {});
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
    // drop: loses everything on the wire, printing each.
    drop: () => cluster.network.splice(0).map(describeMessage).join("\n") || "nothing",
    // tick <id>: its heartbeat or election is due.
    tick(d) {
      cluster.deadline(ids(d)[0]!);
      lose();
      return status(ids(d)[0]!);
    },
    propose(d) {
      cluster.propose(Number(d.args[0]), d.args[1]!);
      lose();
      return status(Number(d.args[0]));
    },
    read(d) {
      cluster.input(Number(d.args[0]), { kind: "readIndex", tag: Number(d.args[1]), lease: false });
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
    const { role, term, log } = cluster.node(id).state;
    return `${id} ${role} term=${term} last=${log.lastIndex} commit=${log.commitIndex}`;
  };
  const log = (id: number) => {
    const { log } = cluster.node(id).state;
    const terms = Array.from({ length: log.lastIndex }, (_, i) => log.termAt(asIndex(i + 1)));
    return `${id}: ${terms.join(" ")} | commit=${log.commitIndex}`;
  };
  return (d) => {
    const command = commands[d.name];
    if (command === undefined) throw new Error(`line ${d.line}: unknown directive "${d.name}"`);
    return command(d);
  };
});
