import {
  type Command,
  commandBytes,
  type OpCode,
  OP_GET,
  OP_PUT,
  writeCommand,
} from "../../kv/command.ts";
import { eachResponse } from "../../wire/client.ts";
import { statusName, type StatusName } from "../../wire/errors.ts";
import { beginFrame, endFrame } from "../../wire/frame.ts";
import { KIND } from "../../wire/kinds.ts";
import { rawClient } from "./raw-client.ts";
import { until } from "./until.ts";

export type BinaryReply = {
  readonly status: StatusName;
  readonly leaderHint: number;
  readonly version: number;
  readonly value: string;
};

/** One request at a time over a connection of its own: simple, and slow. */
export async function ask(
  port: number,
  op: OpCode,
  key: string,
  value = "",
  more: Partial<Command> = {},
): Promise<BinaryReply> {
  const client = await rawClient(port);
  const text = new TextEncoder();
  const none = { flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 };
  const command = { op, ...none, key: text.encode(key), value: text.encode(value), ...more };
  const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
  writeCommand(bytes, new DataView(bytes.buffer), 0, command);
  client.encode((w) => {
    const start = beginFrame(w, KIND.clientRequests, 1);
    w.u32(4 + bytes.length);
    w.u32(1);
    w.bytes(bytes);
    endFrame(w, start);
  });
  const { body } = await until("a reply", () => client.frames[0]);
  client.close();
  const replies: BinaryReply[] = [];
  eachResponse(body, ({ status, leaderHint, version, valueAt, valueBytes }) => {
    const bytesOfValue = body.subarray(valueAt, valueAt + valueBytes);
    const text = new TextDecoder().decode(bytesOfValue);
    replies.push({ status: statusName(status)!, leaderHint, version, value: text });
  });
  return replies[0]!;
}

export const put = (port: number, key: string, value: string): Promise<BinaryReply> =>
  ask(port, OP_PUT, key, value);
export const get = (port: number, key: string): Promise<BinaryReply> => ask(port, OP_GET, key);
