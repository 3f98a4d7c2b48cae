import { createHash } from "node:crypto";
import { FLAG_EXPECTED, FLAG_LOCAL, OP_APPEND, OP_DELETE, OP_GET } from "../../kv/command.ts";

/**
 * The operations as Lua scripts, which Redis runs one at a time: a key is a hash of its version `v`
 * and its data `d`, and KEYS[2] counts all writes, so that each tells its place in their order.
 * A script that begins with `#!lua` counts as a writer unless it says otherwise: a replica refuses it
 * (READONLY), gets too, so that those are answered only by what holds itself to be the primary.
 */
const GET = `
local found = redis.call('HMGET', KEYS[1], 'v', 'd')
return {0, tonumber(found[1] or 0), tonumber(redis.call('GET', KEYS[2]) or 0), found[2] or ''}`;

const PUT = `
local version = redis.call('HINCRBY', KEYS[1], 'v', 1)
redis.call('HSET', KEYS[1], 'd', ARGV[1])
return {0, version, redis.call('INCR', KEYS[2])}`;

/** ARGV[2]: the version expected. The first number of its answer is 2 when it is another. */
const PUT_IF_VERSION = `
local version = tonumber(redis.call('HGET', KEYS[1], 'v') or 0)
if version ~= tonumber(ARGV[2]) then return {2, version, 0} end${PUT}`;

const APPEND = `
local data = redis.call('HGET', KEYS[1], 'd') or ''
redis.call('HSET', KEYS[1], 'd', data .. ARGV[1])
return {0, redis.call('HINCRBY', KEYS[1], 'v', 1), redis.call('INCR', KEYS[2])}`;

const DELETE = `
redis.call('DEL', KEYS[1])
return {0, 0, redis.call('INCR', KEYS[2])}`;

export type Script = { readonly text: string; readonly sha: string };

function script(flags: string, body: string): Script {
  const text = `#!lua${flags}${body}`;
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

const SCRIPTS = {
  get: script("", GET),
  getLocal: script(" flags=no-writes,allow-stale", GET),
  put: script("", PUT),
  putIfVersion: script("", PUT_IF_VERSION),
  append: script("", APPEND),
  delete: script("", DELETE),
};

/** To be loaded on each connection: a restarted server has forgotten them. */
export const ALL_SCRIPTS: readonly Script[] = Object.values(SCRIPTS);

/** The script of an operation; `op` and `flags` as in kv/command.ts. */
export function scriptOf(op: number, flags: number): Script {
  if (op === OP_GET) return (flags & FLAG_LOCAL) === 0 ? SCRIPTS.get : SCRIPTS.getLocal;
  if (op === OP_APPEND) return SCRIPTS.append;
  if (op === OP_DELETE) return SCRIPTS.delete;
  return (flags & FLAG_EXPECTED) === 0 ? SCRIPTS.put : SCRIPTS.putIfVersion;
}
