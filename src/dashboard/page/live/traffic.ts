import {
  type LinkView,
  MESSAGE_KINDS,
  type MessageKind,
  type NodeView,
} from "../../live/document.ts";

/** A message on its way, to be drawn as a dot. */
export type Dot = {
  readonly from: number;
  readonly to: number;
  readonly kind: MessageKind;
  /** Sets out so many ms after it was planned. */
  readonly afterMs: number;
  readonly travelMs: number;
  /** It gets so far, 0 to 1: what is lost ends on its way. */
  readonly reach: number;
};

/** More of a kind than so many in one interval say nothing more to the eye. */
const DOTS_MAX: Readonly<Record<MessageKind, number>> = {
  ...{ votes: 3, appends: 3, heartbeats: 1, replies: 1, snapshots: 3 },
};
const TRAVEL_MS = 420;
const VOTE_TRAVEL_MS = 700;
const DELAY_SHOWN_MS_MAX = 2_000;

/** Remembers the counters of the last look, and tells what was sent since. */
export class Traffic {
  readonly #last = new Map<string, number>();

  /** Dots for what was sent in the last `intervalMs`; `chance` is 0 to 1, at random. */
  plan(
    nodes: readonly NodeView[],
    links: readonly LinkView[],
    intervalMs: number,
    chance: () => number,
  ): readonly Dot[] {
    return nodes.flatMap((node) =>
      node.peers.flatMap((peer) =>
        MESSAGE_KINDS.flatMap((kind): Dot[] => {
          const count = peer.sent[kind];
          const key = `${node.pid}:${node.id}>${peer.id}:${kind}`;
          const before = this.#last.get(key);
          this.#last.set(key, count);
          if (before === undefined || count <= before) return [];
          const link = links.find(({ from, to }) => from === node.id && to === peer.id);
          const dots = Math.min(count - before, DOTS_MAX[kind]);
          return Array.from({ length: dots }, (_, i) => ({
            ...{ from: node.id, to: peer.id, kind },
            afterMs: ((i + chance()) * intervalMs) / dots,
            ...fate(kind, link, chance),
          }));
        }),
      ),
    );
  }

  /** Of a cluster that is gone. */
  forget(): void {
    this.#last.clear();
  }
}

function fate(
  kind: MessageKind,
  link: LinkView | undefined,
  chance: () => number,
): Pick<Dot, "travelMs" | "reach"> {
  const delay = Math.min(DELAY_SHOWN_MS_MAX, link?.delayMs ?? 0);
  const travelMs = (kind === "votes" ? VOTE_TRAVEL_MS : TRAVEL_MS) + delay;
  const isLost = link?.cut === true || chance() < (link?.loss ?? 0);
  return { travelMs, reach: isLost ? 0.5 : 1 };
}
