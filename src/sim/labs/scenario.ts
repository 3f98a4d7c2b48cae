import type { SimConfig } from "../api.ts";
import type { Lab } from "./lab.ts";
import type { Weather } from "./network.ts";
import type { Script } from "./script.ts";

export type LabGroup = "3A" | "3B" | "3C" | "3D" | "4A" | "4B" | "4C" | "2024" | "more";

/** Of a sharded cluster: the controller (4A until 2023) and the KV of 2024, and lab 5 of 2025. */
export type ShardLabGroup = "5A-2024" | "5B-2024" | "5-2025";

/** One test of the labs: what is done to so many servers, and what must hold. */
export type LabScenario = {
  /** The lab's own name of the test. */
  readonly name: string;
  /** The lab; `2024`: 4B and 4C as they were with put and append; `more`: what the labs leave untested. */
  readonly lab: LabGroup;
  /** One line: what must hold. */
  readonly about: string;
  readonly servers: number;
  /** Servers 1 … voters form the cluster; the rest run and wait to be added. Default: all. */
  readonly voters?: number;
  /** At the start. */
  readonly weather?: Partial<Weather>;
  readonly config?: Partial<SimConfig>;
  readonly script: (lab: Lab) => Script;
};

/** As it is asked for: `3A/InitialElection`. */
export const fullName = ({
  lab,
  name,
}: {
  readonly lab: LabGroup | ShardLabGroup;
  readonly name: string;
}): string => `${lab}/${name}`;
