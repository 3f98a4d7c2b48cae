import { AGREEMENT } from "./agreement.ts";
import { BACKUP } from "./backup.ts";
import { CHURN } from "./churn.ts";
import { ELECTIONS } from "./elections.ts";
import { FIGURE8 } from "./figure8.ts";
import { PERSISTENCE } from "./persistence.ts";
import { SNAPSHOTTING } from "./snapshots.ts";
import { SUBMITTING } from "./submit.ts";
import type { LabScenario } from "./scenario.ts";

/** Every scenario, in the order of the labs. */
export const LABS: readonly LabScenario[] = [
  ...ELECTIONS,
  ...AGREEMENT,
  ...BACKUP,
  ...PERSISTENCE,
  ...FIGURE8,
  ...CHURN,
  ...SNAPSHOTTING,
  ...SUBMITTING,
];
