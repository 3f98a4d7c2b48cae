import { count } from "../../../report/format.ts";
import type { LiveDocument } from "../../live/document.ts";
import { leaderOf } from "./ring-model.ts";

/** The cluster in two lines: who leads it, and what it is. */
export function headText({ phase, nodes, cluster }: LiveDocument): {
  readonly title: string;
  readonly about: string;
} {
  if (phase === "lost" || cluster === null) {
    const about =
      "It has ended, or its supervisor does not answer. It is shown again as soon as it runs.";
    return { title: "The cluster does not answer", about };
  }
  const leader = leaderOf(nodes);
  const up = nodes.filter(({ role }) => role !== "down" && role !== "paused").length;
  const led = leader === null ? "no leader" : `node ${leader.id} leads term ${count(leader.term)}`;
  const storage =
    cluster.fsync === null ? cluster.storage : `${cluster.storage}, fsync ${cluster.fsync}`;
  const facts = [`${up} of ${nodes.length} nodes up`, storage, cluster.dir];
  if (!cluster.hasFaultyLinks) facts.splice(2, 0, "links cannot fail (no --faulty-links)");
  return { title: led[0]!.toUpperCase() + led.slice(1), about: facts.join(" · ") };
}
