import { loadSuites } from "../../bench/suites.ts";
import { loadScenarios, loadTagged } from "../../chaos/catalog.ts";
import { faultKindsOf } from "../../chaos/describe.ts";
import type { Scenario } from "../../chaos/scenario.ts";
import type { Catalogue, CatalogueEntry } from "../../dashboard/runs/document.ts";
import { plantedStaleRead } from "../planted/scenario.ts";
import { CHAOS_TARGET_NAMES } from "../targets.ts";

/** Everything that the page can run: the planted fault, the scenarios, the labs, the suites. */
export async function runCatalogue(): Promise<Catalogue> {
  const [usual, tagged, suites] = await Promise.all([loadScenarios(), loadTagged(), loadSuites()]);
  const scenarios = [...usual, ...tagged].map((each) => entryOf("chaos", each));
  const benches = suites.map(({ name, about }): CatalogueEntry => {
    const none = { faults: [], nodes: null, durationMs: null, tags: [], parameters: [] };
    return { kind: "bench", name, about, ...none };
  });
  const planted = entryOf("planted", plantedStaleRead);
  return { entries: [planted, ...scenarios, ...benches], targets: CHAOS_TARGET_NAMES };
}

function entryOf(kind: "chaos" | "planted", scenario: Scenario): CatalogueEntry {
  const { name, about, cluster, durationMs, tags = [], parameters = {} } = scenario;
  return {
    ...{ kind, name, about, durationMs, tags },
    faults: faultKindsOf(scenario),
    nodes: cluster.nodes,
    parameters: Object.entries(parameters).map(([key, one]) => {
      return { name: key, about: one.about, min: one.min, max: one.max, default: one.default };
    }),
  };
}
