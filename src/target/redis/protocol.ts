import type { PipelinedProtocol } from "../pipelined.ts";
import { encodeCommand, type Reply, ReplyReader } from "./resp.ts";
import { ALL_SCRIPTS } from "./scripts.ts";

/** Redis as the scripts of scripts.ts need it: open once the server has them. */
export const REDIS: PipelinedProtocol<Reply> = {
  reader: () => new ReplyReader(),
  hello: ALL_SCRIPTS.map(({ text }) => encodeCommand(["SCRIPT", "LOAD", text])),
  // A server that still reads its data takes no script.
  accepts: (reply) => Buffer.isBuffer(reply),
};
