import { expect, test } from "bun:test";
import { refusalOf } from "./client.ts";
import { encodeCommand, type Reply, ReplyReader } from "./resp.ts";

const STREAM = Buffer.from(
  "+PONG\r\n:42\r\n$5\r\na\r\nbc\r\n$-1\r\n*3\r\n:0\r\n*0\r\n$0\r\n\r\n-READONLY no\r\n",
);
const REPLIES: readonly Reply[] = [
  Buffer.from("PONG"),
  42,
  Buffer.from("a\r\nbc"),
  null,
  [0, [], Buffer.from("")],
  { error: "READONLY no" },
];

test("RESP: a stream of replies is the same however it is cut", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const found: Reply[] = [];
    const reader = new ReplyReader();
    reader.push(STREAM.subarray(0, cut), (reply) => found.push(reply));
    reader.push(STREAM.subarray(cut), (reply) => found.push(reply));
    expect(found).toEqual([...REPLIES]);
  }
});

test("RESP: commands are arrays of bulk strings, and what is no reply is refused", () => {
  const command = encodeCommand(["SET", "k", Buffer.from([13, 10])]);
  expect(command.toString("latin1")).toBe("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n");
  expect(() => new ReplyReader().push(Buffer.from("HTTP/1.1 200\r\n"), () => {})).toThrow("kind");
});

test("Redis errors: only what is said before a script runs is certain", () => {
  expect(refusalOf({ error: "READONLY You can't write against a read only replica." })).toBe(
    "refused",
  );
  expect(refusalOf({ error: "LOADING Redis is loading the dataset in memory" })).toBe("refused");
  expect(refusalOf({ error: "ERR something in the script" })).toBe("unsure");
  expect(refusalOf(null)).toBe("unsure");
});
