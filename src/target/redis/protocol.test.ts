import { expect, test } from "bun:test";
import { until } from "../until.ts";
import { PipelinedConnection } from "../pipelined.ts";
import { REDIS } from "./protocol.ts";
import { encodeCommand, type Reply } from "./resp.ts";
import { ALL_SCRIPTS } from "./scripts.ts";

const PING = encodeCommand(["PING"]);
const WITHIN_MS = 20_000;

/** Answers every command of the nth connection with `answers[n]`, the last one from then on. */
function fakeServer(answers: readonly string[]) {
  let connections = 0;
  const listener = Bun.listen<{ answer: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const n = Math.min(connections++, answers.length - 1);
        socket.data = { answer: answers[n]! };
      },
      data(socket, chunk) {
        const commands =
          Buffer.from(chunk)
            .toString("latin1")
            .match(/^\*\d+\r$/gm) ?? [];
        socket.write(socket.data.answer.repeat(commands.length));
      },
    },
  });
  return { port: listener.port, connections: () => connections, stop: () => listener.stop(true) };
}

test("redis protocol: a server that still loads its data is dialed again until it takes the scripts", async () => {
  const server = fakeServer([
    "-LOADING Redis is loading the dataset in memory\r\n",
    "$2\r\nok\r\n",
  ]);
  const replies: [number, Reply][] = [];
  const connection = new PipelinedConnection("127.0.0.1", server.port, REDIS, {
    onOpen: () => {},
    onReply: (tag, reply) => void replies.push([tag, reply]),
    onChunk: () => {},
    onClose: () => {},
  });
  expect(connection.send(1, PING)).toBe(false);
  await until("it is open", WITHIN_MS, () => connection.isOpen);
  expect(server.connections()).toBe(2);
  expect(connection.send(7, PING)).toBe(true);
  await until("the reply is there", WITHIN_MS, () => replies.length > 0);
  expect(replies).toEqual([[7, Buffer.from("ok")]]);
  connection.close();
  server.stop();
});

test("redis protocol: a lost connection tells which commands have no reply", async () => {
  let closed: readonly number[] | null = null;
  const silent: { end(): void }[] = [];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        silent.push(socket);
        socket.write("$2\r\nok\r\n".repeat(ALL_SCRIPTS.length));
      },
      data() {},
    },
  });
  const connection = new PipelinedConnection("127.0.0.1", listener.port, REDIS, {
    ...{ onOpen: () => {}, onReply: () => {}, onChunk: () => {} },
    onClose: (tags) => void (closed = tags),
  });
  await until("it is open", WITHIN_MS, () => connection.isOpen);
  expect(connection.send(3, PING)).toBe(true);
  expect(connection.send(4, PING)).toBe(true);
  for (const socket of silent) socket.end();
  await until("the loss is told", WITHIN_MS, () => closed);
  expect(closed!).toEqual([3, 4]);
  connection.close();
  listener.stop(true);
});
