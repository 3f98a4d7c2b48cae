import type { PlainOps, Refusal } from "../../client/plain-clerk.ts";
import { FLAG_EXPECTED } from "../../kv/command.ts";
import { pipelinedClient, type PlainReply } from "../sessionless.ts";
import type { OpenClient } from "../store-client.ts";
import { REDIS } from "./protocol.ts";
import { encodeCommand, type Reply } from "./resp.ts";
import { scriptOf } from "./scripts.ts";

/** Counts all writes of the store. */
const INDEX_KEY = "ordeal:index";
/** The first number of a script's answer. */
const MISMATCH = 2;

/** Errors that Redis says before it runs a script (server.c, processCommand; eval.c). */
const NOT_RUN = /^(READONLY|LOADING|NOSCRIPT|MASTERDOWN|MISCONF|NOREPLICAS|OOM|BUSY|NOAUTH) /;

/** Two: while Redis syncs its file for the commands of one, those of the other come in. */
const LANES_MAX = 2;

/** Redis by the scripts of scripts.ts, over pipelining connections. */
export const redisClient: OpenClient = (options, events) =>
  pipelinedClient(options, events, {
    protocol: REDIS,
    route: "leader",
    lanesMax: LANES_MAX,
    request: requestOf,
    reply: replyOf,
  });

function requestOf(slot: number, ops: PlainOps): Uint8Array {
  const flags = ops.flags[slot]!;
  const { sha } = scriptOf(ops.op[slot]!, flags);
  const args = ["EVALSHA", sha, "2", ops.key[slot]!, INDEX_KEY, ops.value[slot]!];
  if ((flags & FLAG_EXPECTED) !== 0) args.push(String(ops.expected[slot]));
  return encodeCommand(args);
}

function replyOf(reply: Reply): PlainReply {
  if (!Array.isArray(reply)) return { kind: refusalOf(reply) };
  const [kind, version, index, value] = reply as [number, number, number, Buffer | undefined];
  return kind === MISMATCH ? { kind: "mismatch", version } : { kind: "ok", version, index, value };
}

/** What an error of Redis says about the command. */
export function refusalOf(reply: Reply): Refusal {
  const isError = reply !== null && typeof reply === "object" && "error" in reply;
  return isError && NOT_RUN.test(`${reply.error} `) ? "refused" : "unsure";
}
