import { FaultLog } from "../../chaos/fault-log.ts";
import type { FaultBand } from "../../report/schema.ts";
import type { SimEvent } from "../../sim/api.ts";
import type { ClusterEvent, NodeStart } from "../../target/target.ts";

/** What happened in a simulated run, in the words of a real one. Virtual time 0 is the epoch. */
export class SimWatch {
  readonly #faults = new FaultLog();
  readonly events: ClusterEvent[] = [];
  readonly starts: NodeStart[] = [];
  readonly #termOf = new Map<number, number>();

  see(atMs: number, event: SimEvent): void {
    const atUs = atMs * 1000;
    switch (event.kind) {
      case "action":
        if (event.action.kind === "fault") {
          this.#faults.record(event.action.fault, event.nodes, atUs, atUs);
        }
        break;
      case "role":
        this.#onRole(atUs, event);
        break;
      case "restart": {
        const { node, tornBytes } = event;
        const term = this.#termOf.get(node) ?? 0;
        this.events.push({
          atUs,
          node,
          kind: "started",
          term,
          ...(tornBytes > 0 && { tornBytes }),
        });
        this.starts.push({ node, atUs, doneUs: atUs, outcome: "ready" });
        break;
      }
      case "installed": {
        const { node } = event;
        const term = this.#termOf.get(node) ?? 0;
        this.events.push({ atUs, node, kind: "snapshotInstalled", term });
        break;
      }
      case "refused":
        this.starts.push({ node: event.node, atUs, doneUs: atUs, outcome: outcomeOf(event) });
        break;
      default:
    }
  }

  /** Every fault that came into force; what lasts still ends now. */
  bands(endUs: number): readonly FaultBand[] {
    this.#faults.recovered(endUs);
    return this.#faults.bands();
  }

  #onRole(atUs: number, { node, role, term }: Extract<SimEvent, { kind: "role" }>): void {
    const before = this.#termOf.get(node) ?? 0;
    this.#termOf.set(node, term);
    if (role === "leader") this.events.push({ atUs, node, kind: "becameLeader", term });
    else if (term !== before) this.events.push({ atUs, node, kind: "termChanged", term });
  }
}

/** A disk that fails says EIO or ENOSPC; anything else is damage. */
const outcomeOf = ({ reason }: Extract<SimEvent, { kind: "refused" }>): NodeStart["outcome"] =>
  /EIO|ENOSPC/.test(reason) ? "diskFailed" : "refused";
