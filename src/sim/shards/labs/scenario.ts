import type { SimConfig } from "../../api.ts";
import type { ShardLabGroup } from "../../labs/scenario.ts";
import type { Script } from "../../labs/script.ts";
import type { ShardLab } from "./lab.ts";

/** One test of the labs about shards: what is done to so many groups, and what must hold. */
export type ShardLabScenario = {
  /** The lab's own name of the test. */
  readonly name: string;
  readonly lab: ShardLabGroup;
  /** One line: what must hold. */
  readonly about: string;
  /** Groups of shards, of three servers each; 0: the controller alone. None has joined at first. */
  readonly groups: number;
  /** Default 12. */
  readonly shards?: number;
  readonly clerks?: number;
  /** Frames are late, and one in ten is lost, until the script's end. */
  readonly unreliable?: boolean;
  readonly config?: Partial<SimConfig>;
  readonly script: (lab: ShardLab) => Script;
};
