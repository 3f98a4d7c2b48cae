import type { LamportDiagram } from "../../report/page/lamport.ts";
import type { Happened } from "../../chaos/run.ts";
import type { Check } from "../../report/schema.ts";
import { Teller } from "../../sim/story.ts";
import type { ClusterEvent } from "../../target/target.ts";
import { messagesWithin, type RealMessage } from "./messages.ts";

/** Before the first of the operations that prove the violation, and after the last. */
const MARGIN_MS = 30;
/** Older beginnings are not shown: a write may be lost long before it is missed. */
const SPAN_MS_MAX = 3_000;
/** A message that has not arrived by then before the end of the span may still be on its way. */
const LOST_AFTER_MS = 100;

const DOWN: readonly string[] = ["crash", "stop", "powerLoss"];

/**
 * The last seconds before a violation was seen, as a Lamport diagram: faults, leaders, the operations
 * that prove it, and the messages between nodes, if they recorded. Null without such operations.
 */
export function realStory(happened: Happened): LamportDiagram | null {
  const { checks, startUs, nodes } = happened;
  const check = checks.find(({ verdict, evidence }) => verdict === "fail" && evidence.length > 0);
  if (check === undefined) return null;
  const times = check.evidence.flatMap(({ callUs, returnUs }) => [callUs, returnUs ?? callUs]);
  const toMs = Math.max(...times) / 1000 + MARGIN_MS;
  const fromMs = Math.max(Math.min(...times) / 1000 - MARGIN_MS, toMs - SPAN_MS_MAX);
  const messages = messagesWithin(happened.recordings, { fromMs, toMs });
  const all = [
    ...faultNews(happened),
    ...leaderNews(happened.events),
    ...evidenceNews(check),
    ...messages.flatMap((message, id) => messageNews(message, id, toMs)),
  ].sort((a, b) => a.atMs - b.atMs);
  const teller = new Teller(
    Math.max(nodes, ...happened.events.map(({ node }) => node)),
    check.evidence.map(({ process }) => process),
  );
  for (const { atMs, isAlways, tell } of all) {
    const isWithin = atMs >= fromMs && atMs <= toMs;
    if (isWithin || isAlways) tell(teller, atMs - startUs / 1000, isWithin);
  }
  const about = happened.recordings.length > 0 ? ABOUT : `${ABOUT} ${NO_MESSAGES}`;
  return { title: check.name, about, lanes: teller.lanes, ...teller.told() };
}

const ABOUT =
  "The operations that prove it, and what the nodes (n) did and told each other: milliseconds since the load began downwards, not to scale.";
const NO_MESSAGES =
  "The messages between nodes are not known: the run was not recorded (--record).";

/** `isAlways`: it changes what a lane is, so that it counts before the span too, without a word. */
type News = {
  readonly atMs: number;
  readonly isAlways?: boolean;
  readonly tell: (teller: Teller, atMs: number, isWithin: boolean) => void;
};

const faultNews = ({ bands }: Happened): News[] =>
  bands.flatMap(({ kind, label, nodes, fromUs, toUs }): News[] =>
    nodes.flatMap((node): News[] => {
      const during = DOWN.includes(kind) ? "down" : kind === "pause" ? "paused" : "up";
      const change = (atUs: number, state: "up" | "down" | "paused", text: string): News => ({
        atMs: atUs / 1000,
        isAlways: during !== "up",
        tell: (teller, atMs, isWithin) => {
          if (during !== "up") teller.state(node, state);
          if (isWithin) teller.fault(atMs, node - 1, text);
        },
      });
      return [
        change(fromUs, during, `${label}: n${node}`),
        change(toUs, "up", `${label}: over for n${node}`),
      ];
    }),
  );

const leaderNews = (events: readonly ClusterEvent[]): News[] =>
  events
    .filter(({ kind }) => kind === "becameLeader")
    .map(({ atUs, node, term }) => ({
      atMs: atUs / 1000,
      tell: (teller, atMs) => teller.hear(atMs, { kind: "role", node, role: "leader", term }),
    }));

const evidenceNews = ({ evidence }: Check): News[] =>
  evidence.flatMap(({ process: client, text, callUs, returnUs }): News[] => {
    const news = (atUs: number, kind: "invoke" | "complete", words: string): News => ({
      atMs: atUs / 1000,
      tell: (teller, atMs) => teller.hear(atMs, { kind, client, text: words }),
    });
    const [asked = text] = text.split(" → ");
    const invoked = news(callUs, "invoke", asked);
    return returnUs === null ? [invoked] : [invoked, news(returnUs, "complete", text)];
  });

function messageNews(
  { message, sentMs, arrivedMs }: RealMessage,
  id: number,
  toMs: number,
): News[] {
  const isLost = arrivedMs === null;
  if (isLost && sentMs > toMs - LOST_AFTER_MS) return [];
  const endMs = arrivedMs ?? sentMs;
  return [
    {
      atMs: endMs,
      tell: (teller, atMs) => {
        teller.hear(atMs - (endMs - sentMs), { kind: "send", id, message });
        teller.hear(atMs, { kind: isLost ? "lost" : "deliver", id, message });
      },
    },
  ];
}
