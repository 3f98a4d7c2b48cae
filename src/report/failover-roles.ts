import type { Failover, FaultBand, Timeline } from "./schema.ts";

/** Whom a fault hit, as things stood when it came into force. */
export const ROLES = ["leader", "leader and followers", "followers", "without a leader"] as const;
export type Role = (typeof ROLES)[number];

/** The faults of one kind that hit one role: a row of the table fault × role. */
export type RoleRow = {
  /** The fault's kind: `crash`. */
  readonly fault: string;
  readonly role: Role;
  /** Faults that came into force. */
  readonly hits: number;
  /** Those that brought about a change of leader. */
  readonly failovers: number;
  /** Of these, ms; null: there were none, or nobody was elected, or no write was acknowledged. */
  readonly elected: Spread | null;
  readonly firstAck: Spread | null;
};

export type Spread = { readonly median: number; readonly worst: number };

/** What each kind of fault did to each role, in order of the kinds' first appearance. */
export function failoversByRole(
  timeline: Pick<Timeline, "faults" | "events">,
  failovers: readonly Failover[],
): readonly RoleRow[] {
  const groups = new Map<string, { fault: string; role: Role; hits: number; of: Failover[] }>();
  for (const band of wholeFaults(timeline.faults)) {
    const role = roleOf(band.nodes, leaderAt(timeline, band.fromUs));
    const key = `${band.kind} ${role}`;
    const group = groups.get(key) ?? { fault: band.kind, role, hits: 0, of: [] };
    groups.set(key, group);
    group.hits++;
    const isOwn = (f: Failover): boolean => f.faultAtUs === band.fromUs && f.fault === band.label;
    group.of.push(...failovers.filter(isOwn));
  }
  const kinds = [...new Set(timeline.faults.map(({ kind }) => kind))];
  return [...groups.values()]
    .map(({ fault, role, hits, of }) => ({
      ...{ fault, role, hits, failovers: of.length },
      elected: spread(of.map(({ electedMs }) => electedMs)),
      firstAck: spread(of.map(({ firstAckMs }) => firstAckMs)),
    }))
    .sort(
      (a, b) =>
        kinds.indexOf(a.fault) - kinds.indexOf(b.fault) ||
        ROLES.indexOf(a.role) - ROLES.indexOf(b.role),
    );
}

/** A fault whose nodes came back one by one has a band for each; here it is one again. */
function wholeFaults(bands: readonly FaultBand[]): readonly FaultBand[] {
  const whole = new Map<string, FaultBand>();
  for (const band of bands) {
    const key = `${band.fromUs} ${band.label}`;
    const nodes = [...(whole.get(key)?.nodes ?? []), ...band.nodes];
    whole.set(key, { ...band, nodes });
  }
  return [...whole.values()];
}

/** The node that was elected last by then, in the highest term; null: none yet. */
function leaderAt({ events }: Pick<Timeline, "events">, atUs: number): number | null {
  let leader: number | null = null;
  let term = 0;
  for (const event of events) {
    if (event.kind !== "becameLeader" || event.atUs > atUs || event.term < term) continue;
    ({ node: leader, term } = event);
  }
  return leader;
}

function roleOf(nodes: readonly number[], leader: number | null): Role {
  if (leader === null) return "without a leader";
  if (!nodes.includes(leader)) return "followers";
  return nodes.length === 1 ? "leader" : "leader and followers";
}

function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const worst = known.at(-1);
  return worst === undefined ? null : { median: known[Math.floor((known.length - 1) / 2)]!, worst };
}
