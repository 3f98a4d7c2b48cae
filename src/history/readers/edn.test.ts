import { expect, test } from "bun:test";
import { OUTCOME_FAIL, OUTCOME_MISMATCH } from "../op.ts";
import { EdnParser, ednText } from "./edn-parser.ts";
import { readText, shown } from "./testing/shown.ts";

const EVENTS = `{:process 0, :type :invoke, :f :write, :value 3, :time 1000, :index 0}
{:process :nemesis, :type :info, :f :start, :value nil, :time 1500, :index 1}
{:process 1, :type :invoke, :f :cas, :value [3 4], :time 2000, :index 2}
{:process 0, :type :ok, :f :write, :value 3, :time 3000, :index 3}
{:process 1, :type :fail, :f :cas, :value [3 4], :time 4000, :index 4}
{:process 0, :type :invoke, :f :read, :value nil, :time 5000, :index 5}
{:process 2, :type :invoke, :f :read, :value nil, :time 6000, :index 6}
{:process 0, :type :ok, :f :read, :value nil, :time 7000, :index 7}
{:process 2, :type :info, :f :read, :value :timed-out, :time 8000, :index 8}
`;
const ROWS = [
  "0 put register 3 → ok [0, 2]",
  "1 cas register 4 if 3 → failed [1, 3]",
  "0 get register → nothing [4, 6]",
  "2 get register → no answer [5, ∞]",
];

test("edn: one map a line, one vector, and records with tags are the same history", () => {
  const forms = [
    EVENTS,
    `[${EVENTS}]`,
    `; a Jepsen history\n(${EVENTS})`,
    EVENTS.replaceAll("{:process", "#jepsen.history.Op{:process"),
    EVENTS.replaceAll("}\n", '} #_ {:not "an event"} ; a comment }\n'),
    EVENTS.replaceAll("\n", "\r\n").replaceAll(", ", " ,\n "),
  ];
  for (const form of forms) {
    const { history, format, passedOver } = readText(form);
    expect(shown(history)).toEqual(ROWS);
    expect([format, passedOver]).toEqual(["edn", 1]);
    expect([...history.callUs]).toEqual([1, 2, 5, 6]);
  }
  expect(readText(EVENTS).history.outcome[1]).toBe(OUTCOME_FAIL);
  const told = readText(EVENTS, { failedCas: "mismatch" }).history;
  expect(told.outcome[1]).toBe(OUTCOME_MISMATCH);
});

test("edn: values [key value] are of independent keys, and then all must be so", () => {
  const first = "{:process 0 :type :invoke :f :read :value [7 nil]}\n";
  const rest = `{:process 0 :type :ok :f :read :value [7 3]}
    {:process 1 :type :invoke :f :cas :value ["8" [3 nil]]} {:process 1 :type :ok :f :cas :value ["8" [3 nil]]}`;
  expect(shown(readText(first + rest).history)).toEqual([
    "0 get 7 → 3 [0, 1]",
    "1 cas 8 nothing if 3 → ok [2, 3]",
  ]);
  expect(() => readText(`${first}{:process 0 :type :ok :f :read :value 3}`)).toThrow(
    "h, line 2: 3 is no [key value], as the first operation had",
  );
});

test("edn: what is wrong is refused with its line, the reason and what to do", () => {
  const call = "{:process 0 :type :invoke :f :write :value 1}";
  const refused: readonly [string, string][] = [
    [
      `${call}\n{:process 1 :type :ok :f :write}`,
      "h, line 2: a reply to process 1, which has called",
    ],
    [`${call}\n\n{:process 0 :type :o`, "h, line 3: the file ends within an operation"],
    [`[${call}`, "the file ends within an operation"],
    [`${call}\n${call}`, "h, line 2: process 0 calls while its last call has no reply"],
    [`${call}\n7`, "h, line 2: 7 is no operation"],
    [`${call}\n{:process 0 :type}`, "h, line 2: a map with a key twice or without a value"],
    [`${call}\n{:process 0 :process 0}`, "h, line 2: a map with a key twice or without a value"],
    [`${call} ]`, 'h, line 1: "]" closes what nobody opened'],
    [`${call} {:a "b}`, "h, line 1: a string that does not end"],
    [`${call} {:a "\\q"}`, 'h, line 1: "\\q" is no escape'],
    [`${call} {:process 0 :type :maybe :f :write}`, 'h, line 1: "maybe" is not known'],
    [`${call} {:type :ok :f :write}`, "h, line 1: :process is nothing"],
    [`${call} {:process 0 :type 3 :f :write}`, "h, line 1: :type is 3"],
    [`${call} {:process 0 :type :ok :f :read}`, "the reply to process 0 is to another operation"],
    ["{:process 0 :type :invoke :f :txn :value [[:r 1 nil]]}", 'operation "txn" is not known'],
    ["{:process 0 :type :invoke :f :cas :value 3}", "h, line 1: a cas of 3"],
    ["{:process -1 :type :invoke :f :read}", "h, line 1: process -1 is not a number from 0"],
    [
      "{:process 0 :index 3 :type :invoke :f :read}\n{:index 3 :process 1}",
      "h, line 2: :index 3 after",
    ],
    [`{:process 0 :a ${"[".repeat(600)}`, "levels of nesting"],
    [`{:process 0 :a ${"#_".repeat(600)}`, "levels of nesting"],
    [`{:process 0 :a ${"#a ".repeat(600)}`, "levels of nesting"],
    ["{:process :client-3 :type :invoke :f :read}", "h, line 1: :process is :client-3"],
    ["[]", "h: no operation of a client in it"],
  ];
  for (const [text, message] of refused) expect(() => readText(text)).toThrow(message);
});

test("edn: every kind of form is read, and the text of a value tells it from others", () => {
  const text = `[nil true -3 +4 1.5e3 2.5M 12345678901234567890N "a\\n\\u0041\\"" :k/w sym \\a \\newline \\(
    (1 2) #{3} {:a [1]} #inst "2026-11-21" ^{:m 1} [5] ##Inf #_ gone 1/2 a#b]`;
  const parser = new EdnParser(text);
  const items = parser.form() as readonly Parameters<typeof ednText>[0][];
  expect(items.map((item) => ednText(item))).toEqual([
    ...["nil", "true", "-3", "4", "1500", "2.5", "12345678901234567890", 'a\nA"', ":k/w", "sym"],
    ...["a", "\n", "(", "[1 2]", "[3]", "{:a [1]}", "2026-11-21", "[5]", "##Inf", "1/2", "a#b"],
  ]);
  expect(parser.peek()).toBe("");
});
