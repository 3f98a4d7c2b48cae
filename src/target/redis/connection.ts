import { PipelinedConnection, type PipelinedEvents, type PipelinedProtocol } from "../pipelined.ts";
import { encodeCommand, type Reply, ReplyReader } from "./resp.ts";
import { ALL_SCRIPTS } from "./scripts.ts";

const REDIS: PipelinedProtocol<Reply> = {
  reader: () => new ReplyReader(),
  hello: ALL_SCRIPTS.map(({ text }) => encodeCommand(["SCRIPT", "LOAD", text])),
  // A server that still reads its data takes no script.
  accepts: (reply) => Buffer.isBuffer(reply),
};

export type RedisConnection = PipelinedConnection<Reply>;

/** A pipelining connection to Redis, open once the server has the scripts. */
export const dialRedis = (
  host: string,
  port: number,
  events: PipelinedEvents<Reply>,
): RedisConnection => new PipelinedConnection(host, port, REDIS, events);
