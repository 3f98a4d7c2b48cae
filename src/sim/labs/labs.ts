import { AGREEMENT } from "./agreement.ts";
import { BACKUP } from "./backup.ts";
import { ELECTIONS } from "./elections.ts";
import type { LabScenario } from "./scenario.ts";

/** Every scenario, in the order of the labs. */
export const LABS: readonly LabScenario[] = [...ELECTIONS, ...AGREEMENT, ...BACKUP];
