import { liveTab } from "./live/live-tab.ts";
import { scenariosTab } from "./scenarios/scenarios-tab.ts";
import { storedTab } from "./stored/stored-tab.ts";
import type { Tab } from "./tab.ts";

/** Every tab of the page, in order; the first is shown at first. A new part is one line here. */
export const TABS: readonly Tab[] = [liveTab, scenariosTab, storedTab];
