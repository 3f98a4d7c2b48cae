import { RESP_ARGS_MAX, RESP_COMMAND_BYTES_MAX, RespReader } from "../../wire/resp.ts";
import { cutAnywhere } from "../cut-anywhere.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";

/** A command as clients write it. */
const array = (...args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`;

const COMMANDS: readonly string[] = [
  array("PING"),
  array("SET", "key", "value", "NX"),
  array("GET", "schlüssel"),
  array("MGET", "a", "b", "c"),
  array("SCAN", "0", "MATCH", "user:*", "COUNT", "10"),
  array("HELLO", "3", "SETNAME", "fuzz"),
  array("ECHO", ""),
  "PING\r\n",
  "SET \"a \\x41\\n\" 'it\\'s'\n",
  "\r\n\r\nget key\r\n",
  "*0\r\n*-1\r\n*1\r\n$4\r\nQUIT\r\n",
];

function read(chunks: Iterable<Uint8Array>): { readonly text: string; readonly outcome: string } {
  const reader = new RespReader();
  const commands: string[] = [];
  const end = outcomeOf(() => {
    for (const chunk of chunks) {
      reader.feed(chunk);
      while (reader.next()) commands.push(commandOf(reader));
      expect(reader.buffered <= 2 * RESP_COMMAND_BYTES_MAX, `${reader.buffered} bytes are kept`);
    }
    return reader.buffered > 0 ? "cut short" : "whole";
  });
  const sizes = Math.min(4, commands.length);
  return { text: `${commands.join(" ")} ${end}`, outcome: `${sizes} commands, ${end}` };
}

/** Its arguments in hexadecimal; they must be within what they are views of. */
function commandOf({ argc, source, starts, ends }: RespReader): string {
  expect(argc >= 1 && argc <= RESP_ARGS_MAX, `a command of ${argc} arguments`);
  const args: string[] = [];
  for (let i = 0; i < argc; i++) {
    const [from, to] = [starts[i]!, ends[i]!];
    expect(from >= 0 && from <= to && to <= source.length, `argument ${i} is at ${from} to ${to}`);
    args.push(Buffer.from(source.buffer, source.byteOffset + from, to - from).toString("hex"));
  }
  return args.join(",");
}

/** Commands of RESP2 and RESP3, as arrays and as typed lines, cut anywhere. */
export const resp: FuzzTarget = {
  name: "resp",
  samples: [...COMMANDS, COMMANDS.join("")].map((text) => new TextEncoder().encode(text)),
  allocatesMax: (bytes) => (64 << 10) + 64 * bytes,
  run: (input) => cutAnywhere(input, read),
};
