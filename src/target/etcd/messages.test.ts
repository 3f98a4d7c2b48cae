import { expect, test } from "bun:test";
import { refusalOf } from "./client.ts";
import { CALL_LOST } from "./session.ts";
import { parseEtcdEvent } from "./log.ts";
import { EtcdWriter, METHOD, parseAnswer } from "./messages.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");

test("etcd messages: requests are the bytes of the protocol buffers, framed for gRPC", () => {
  const w = new EtcdWriter();
  const [k, v] = [Buffer.from("k"), Buffer.from("v")];
  expect(w.put(k, v, false)).toEqual(hex("00 00000006 0a016b 120176"));
  expect(w.put(k, v, true)).toEqual(hex("00 00000008 0a016b 120176 2001"));
  expect(w.range(k, true)).toEqual(hex("00 00000005 0a016b 3801"));
  expect(w.scan(k, v, 300, true)).toEqual(hex("00 0000000b 0a016b 120176 18ac02 3801"));
  const none = Buffer.alloc(0);
  expect(w.scan(none, none, 1, false)).toEqual(hex("00 00000008 0a0100 120100 1801"));
  expect(w.deleteRange(k)).toEqual(hex("00 00000003 0a016b"));
  expect(w.putIfVersion(k, v, 300)).toEqual(
    hex("00 0000001b 0a06 1a016b 20ac02 1208 1206 0a016b 120176 1a07 0a05 0a016b 4001"),
  );
});

test("etcd messages: a value larger than the buffer is written whole", () => {
  const value = Buffer.alloc(100_000, 7);
  const message = new EtcdWriter().put(Buffer.from("k"), value, false);
  expect(message.readUInt32BE(1)).toBe(message.length - 5);
  expect(message.subarray(-value.length)).toEqual(value);
});

test("etcd messages: answers tell revision, version and value", () => {
  // RangeResponse{header{cluster_id 1, revision 300, raft_term 2}, kvs{key k, version 5, value ab}, count 1}
  const range = hex("00 00000016 0a07 0801 18ac02 2002 1209 0a016b 2005 2a02 6162 2001");
  const answer = parseAnswer(METHOD.range, range)!;
  expect(answer).toMatchObject({ revision: 300, version: 5, valueBytes: 2 });
  expect(range.toString("latin1", answer.valueAt, answer.valueAt + 2)).toBe("ab");
  expect(parseAnswer(METHOD.range, range.subarray(0, -1))).toBeNull();
  expect(parseAnswer(METHOD.range, Buffer.alloc(0))).toBeNull();
});

test("etcd errors: only what is said before a proposal is certain", () => {
  expect(refusalOf(14, "etcdserver: no leader")).toBe("refused");
  expect(refusalOf(8, "etcdserver: too many requests")).toBe("refused");
  expect(refusalOf(3, "etcdserver: request is too large")).toBe("invalid");
  expect(refusalOf(14, "etcdserver: leader changed")).toBe("unsure");
  expect(refusalOf(14, "etcdserver: request timed out")).toBe("unsure");
  expect(refusalOf(14, "etcdserver: server stopped")).toBe("unsure");
  expect(refusalOf(CALL_LOST, "")).toBe("unsure");
});

test("etcd log: leaders and terms are events, lines cut short are none", () => {
  const line = (msg: string): string =>
    JSON.stringify({ level: "info", ts: "2026-11-21T07:05:29.500Z", msg });
  const atUs = Date.UTC(2026, 10, 21, 7, 5, 29, 500) * 1000;
  expect(parseEtcdEvent(line("bdae9bbc11dd390d became leader at term 7"), 2)).toEqual({
    ...{ atUs, node: 2, kind: "becameLeader", term: 7 },
  });
  expect(parseEtcdEvent(line("bdae9bbc11dd390d became follower at term 8"), 2)).toMatchObject({
    ...{ kind: "termChanged", term: 8 },
  });
  expect(parseEtcdEvent(line("starting an etcd server"), 1)).toMatchObject({ kind: "started" });
  expect(parseEtcdEvent(line("became leader of nothing"), 1)).toBeNull();
  expect(parseEtcdEvent(line("x").slice(0, -3), 1)).toBeNull();
});
