import { KEY_BYTES_MAX, SCAN_BOUND_BYTES_MAX, VALUE_BYTES_MAX } from "../../kv/command.ts";
import { LineReader } from "../../wire/json-lines.ts";
import { parseJsonRequest } from "../../wire/json-request.ts";
import { cutAnywhere } from "../cut-anywhere.ts";
import { expect, type FuzzTarget, outcomeOf, outcomeText } from "../target.ts";

const REQUESTS: readonly unknown[] = [
  { op: "get", key: "k", local: true, id: 7 },
  { op: "put", key: "schlüssel", value: "\ud83d\ude00", expected: 3, id: "a" },
  { op: "append", key64: "a2V5", value64: "AAH/" },
  { op: "incr", key: "n", by: -9_007_199_254_740_991 },
  { op: "delete", key: "k" },
  { op: "scan", prefix: "a", from: "ab", limit: 100 },
  { op: "scan", from64: "AA==", end64: "/////w==", limit: 1 },
  { op: "ping", id: null },
  { auth: "a-token", id: 1 },
];

function read(chunks: Iterable<Uint8Array>): { readonly text: string; readonly outcome: string } {
  const reader = new LineReader();
  const answers: string[] = [];
  const end = outcomeOf(() => {
    for (const chunk of chunks) {
      reader.feed(chunk);
      for (let line = reader.next(); line !== null; line = reader.next()) {
        answers.push(answerTo(parseJsonRequest(line)));
      }
    }
    return reader.buffered > 0 ? "cut short" : "whole";
  });
  return { text: `${answers.join(" ")} ${end}`, outcome: `${answers.at(-1) ?? "none"} ${end}` };
}

function answerTo(request: ReturnType<typeof parseJsonRequest>): string {
  if ("token" in request) return "token";
  if ("problem" in request) {
    expect(request.problem !== "", "a problem without words");
    return outcomeText(request.problem);
  }
  const { op, key, value, expected } = request;
  const keyMax = op === 5 ? SCAN_BOUND_BYTES_MAX : KEY_BYTES_MAX;
  expect(key.length <= keyMax, `a key of ${key.length} bytes`);
  expect(value.length <= VALUE_BYTES_MAX, `a value of ${value.length} bytes`);
  expect(Number.isSafeInteger(expected) && expected >= 0, `a version of ${expected}`);
  return `op ${op}`;
}

/** Lines of JSON, cut anywhere. */
export const json: FuzzTarget = {
  name: "json",
  samples: [
    ...REQUESTS.map((request) => `${JSON.stringify(request)}\n`),
    '{"op":"ping"}\n{"op":"ping"}\n',
  ].map((text) => new TextEncoder().encode(text)),
  allocatesMax: (bytes) => (64 << 10) + 64 * bytes,
  run: (input) => cutAnywhere(input, read),
};
