import { expect, test } from "bun:test";
import { findScenarios } from "./catalog.ts";
import { describeParameters, parseValues, valuesAsFlags, valuesFor } from "./parameters.ts";

test("parameters: values change the scenario and stand in it as data", async () => {
  const [storm] = await findScenarios(["storm"], { loss: 0.2, periodMs: 4_000 });
  expect(storm?.durationMs).toBe(16_000);
  expect(storm?.parameters?.["loss"]).toMatchObject({ value: 0.2, default: 0.1 });
  expect(JSON.stringify(storm?.faults)).toContain(`"ratio":0.2`);
  expect(describeParameters(storm!)[0]).toBe(
    "loss = 0.2 (0.001 to 0.5, default 0.1): share of the frames that every link loses",
  );
  expect(JSON.parse(JSON.stringify(storm))).toEqual(storm);
});

test("parameters: each scenario gets those it declares, and what none declares is refused", async () => {
  const values = { loss: 0.2 };
  const [storm, plain] = await findScenarios(["storm", "leader-churn"], values);
  expect(valuesAsFlags(valuesFor(storm!, values))).toBe(" --param loss=0.2");
  expect(valuesAsFlags(valuesFor(plain!, values))).toBe("");
  await expect(findScenarios(["leader-churn"], values)).rejects.toThrow("has no parameters");
  await expect(findScenarios(["storm"], { los: 0.2 })).rejects.toThrow(`did you mean "loss"?`);
  await expect(findScenarios(["storm"], { loss: 30 })).rejects.toThrow("0.001 to 0.5");
  await expect(findScenarios(["storm"], { clients: 1.5 })).rejects.toThrow("a whole number");
});

test("parseValues: name=number, each once; all mistakes at once", () => {
  expect(parseValues(["loss=0.2", "rate=1000"])).toEqual({ loss: 0.2, rate: 1000 });
  expect(() => parseValues(["loss", "a=1", "a=2"])).toThrow(/is no name=number[^]*is given twice/);
});
