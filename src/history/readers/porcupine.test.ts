import { expect, test } from "bun:test";
import { OUTCOME_FAIL } from "../op.ts";
import { readText, shown } from "./testing/shown.ts";

const ETCD = `INFO  jepsen.util - 0	:invoke	:read	nil
INFO  jepsen.core - Worker 3 starting
INFO  jepsen.util - :nemesis	:info	:start	nil
INFO  jepsen.util - 1	:invoke	:write	4
INFO  jepsen.util - 2	:invoke	:cas	[0 4]
INFO  jepsen.util - 0	:ok	:read	nil
INFO  jepsen.util - 1	:info	:write	:timed-out
INFO  jepsen.util - 2	:fail	:cas	[0 4]
INFO  jepsen.util - 3	:invoke	:read	nil
INFO  jepsen.util - 3	:fail	:read	:timed-out
`;

test("porcupine-etcd: a failed cas asserts, a timed-out read says nothing, other loggers are passed over", () => {
  const { history, format, passedOver } = readText(ETCD);
  expect(shown(history)).toEqual([
    "0 get register → nothing [0, 3]",
    "1 put register 4 → no answer [1, ∞]",
    "2 cas register 4 if 0 → refused [2, 5]",
    "3 get register → failed [6, 7]",
  ]);
  expect([format, passedOver]).toEqual(["porcupine-etcd", 2]);
  expect(readText(ETCD, { failedCas: "ignored" }).history.outcome[2]).toBe(OUTCOME_FAIL);
});

test("porcupine-etcd: what is wrong is refused with its line", () => {
  const refused: readonly [string, string][] = [
    [`${ETCD}INFO  jepsen.util - 9	:ok	:read	3`, "h, line 11: a reply to process 9"],
    [`${ETCD}INFO  jepsen.util - 9	:invoke	:re`, "h, line 11: :re is no operation"],
    [`${ETCD}INFO  jepsen.util - 9	:invoke`, 'h, line 11: "9	:invoke" is no event'],
    [`${ETCD}INFO  jepsen.util - 9	:invoke	:cas	[0 4`, 'h, line 11: "[0 4" is not [from to]'],
    [`${ETCD}INFO  jepsen.util - x	:invoke	:read	nil`, 'h, line 11: process "x" is not a number'],
    [`${ETCD}garbage`, 'h, line 11: "garbage" is no event'],
  ];
  for (const [text, message] of refused) expect(() => readText(text)).toThrow(message);
});

test("porcupine-kv: what was never put is the empty text, and putting that takes it away", () => {
  const text = `{:process 0, :type :invoke, :f :get, :key "4", :value nil}
{:process 0, :type :ok, :f :get, :key "4", :value ""}
{:process 1, :type :invoke, :f :append, :key "4", :value "x 1 y"}
{:process 1, :type :ok, :f :append, :key "4", :value "x 1 y"}
{:process 1, :type :invoke, :f :put, :key "4", :value ""}
{:process 1, :type :ok, :f :put, :key "4", :value ""}
{:process 1, :type :invoke, :f :append, :key "4", :value ""}
{:process 1, :type :ok, :f :append, :key "4", :value ""}
`;
  const { history, format } = readText(text);
  expect(shown(history)).toEqual([
    "0 get 4 → nothing [0, 1]",
    "1 append 4 x 1 y → ok [2, 3]",
    "1 delete 4 → ok [4, 5]",
    "1 append 4  → failed [6, 7]",
  ]);
  expect(format).toBe("porcupine-kv");
  const asEdn = readText(text, { format: "edn" });
  expect(shown(asEdn.history)[3]).toBe("1 append 4  → ok [6, 7]");
});
