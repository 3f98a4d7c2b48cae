import { expect, test } from "bun:test";
import { askedEvent, faultWords } from "./asked-words.ts";

const five = [1, 2, 3, 4, 5];

test("fault words: a person reads what was done to whom", () => {
  expect(faultWords({ kind: "crash", nodes: [3] }, five)).toBe("crash node 3");
  expect(faultWords({ kind: "pause", nodes: [1, 2] }, five)).toBe("pause nodes 1 2");
  expect(faultWords({ kind: "partition", nodes: [1, 2] }, five)).toBe("partition 1 2 | 3 4 5");
  const both = [
    { from: 1, to: 2 },
    { from: 2, to: 1 },
  ];
  expect(faultWords({ kind: "links", links: both, loss: 0.2, delayMs: 50 }, five)).toBe(
    "link 1–2: loss 20 %, delay 50 ms",
  );
  expect(faultWords({ kind: "links", links: both.slice(1), cut: true }, five)).toBe(
    "link 2→1: cut",
  );
  expect(faultWords({ kind: "links", links: both, cut: false }, [1, 2])).toBe("all links: not cut");
});

test("asked event: what failed is a problem with its reason, and who asked is told", () => {
  const asked = { kind: "change", add: 2, asLearners: true, remove: [3], promote: [] } as const;
  const one = { seq: 1, atUs: 5_000, by: "command line", asked, error: null };
  expect(askedEvent(one, five)).toEqual({
    ...{ atMs: 5, by: "command line", kind: "change", text: "2 new learners, without node 3" },
  });
  const failed = askedEvent(
    { ...one, asked: { kind: "transfer", to: 2 }, error: "no\n  way" },
    five,
  );
  expect(failed).toMatchObject({ kind: "problem", text: "leadership to node 2: no way" });
});
