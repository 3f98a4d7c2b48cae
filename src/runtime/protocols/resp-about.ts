import type { ByteWriter } from "../../wire/bytes.ts";
import { globMatches } from "../../wire/glob.ts";
import {
  writeArray,
  writeBulkText,
  writeInteger,
  writeMap,
  writeNull,
  writeOk,
  writeSimple,
} from "../../wire/resp-reply.ts";
import type { RespCommand } from "./resp-commands.ts";
import type { RespSession } from "./resp-connection.ts";

/** The Redis whose commands these are, for clients that go by it. */
export const REDIS_VERSION = "7.0.0";
const WRITES: ReadonlySet<string> = new Set([
  "set",
  "setnx",
  "mset",
  "append",
  "del",
  "unlink",
  "incr",
  "decr",
  "incrby",
  "decrby",
]);
const text = new TextDecoder();
const utf8 = new TextEncoder();

/** INFO [section …]: what a node says of itself, in the names of Redis. */
export function info(session: RespSession, args: readonly Uint8Array[]): void {
  const wanted = new Set(args.map((arg) => text.decode(arg).toLowerCase()));
  const isAll = wanted.size === 0 || ["all", "default", "everything"].some((w) => wanted.has(w));
  const sections = Object.entries(sectionsOf(session));
  const shown = sections.filter(([name]) => isAll || wanted.has(name.toLowerCase()));
  const lines = shown.map(([name, fields]) => {
    const named = Object.entries(fields).map(([field, value]) => `${field}:${value}\r\n`);
    return `# ${name}\r\n${named.join("")}`;
  });
  session.answer((w) => writeBulkText(w, lines.join("\r\n")));
}

function sectionsOf({ about }: RespSession): Record<string, Record<string, string | number>> {
  const status = about.status();
  const leader = about.addressOf(status.leaderId);
  const isLeader = status.role === "leader";
  return {
    Server: {
      redis_version: REDIS_VERSION,
      redis_mode: "standalone",
      ordeal_version: status.version,
      process_id: status.pid,
      tcp_port: status.clientPort,
    },
    Memory: { used_memory_rss: status.rssBytes },
    Persistence: { aof_enabled: status.storage === "disk" ? 1 : 0 },
    Replication: {
      role: isLeader ? "master" : "slave",
      connected_slaves: isLeader ? status.peers.length : 0,
      ...(!isLeader && {
        master_host: leader?.host ?? "",
        master_port: leader?.clientPort ?? 0,
        master_link_status: status.leaderId === 0 ? "down" : "up",
      }),
      master_repl_offset: status.commitIndex,
    },
    Raft: {
      cluster_id: status.clusterId,
      node_id: status.id,
      raft_role: status.role,
      term: status.term,
      leader_id: status.leaderId,
      commit_index: status.commitIndex,
      applied_index: status.appliedIndex,
    },
    Keyspace: { db0: `keys=${about.keys()},expires=0,avg_ttl=0` },
  };
}

/** CLIENT: what libraries send when they connect. */
export function client(session: RespSession, [what, ...args]: readonly Uint8Array[]): void {
  const name = text.decode(what).toLowerCase();
  switch (name) {
    case "setname":
      session.name = text.decode(args[0] ?? new Uint8Array(0));
      return session.answer(writeOk);
    case "getname":
      return session.answer((w) => {
        if (session.name === "") writeNull(w, session.version);
        else writeBulkText(w, session.name);
      });
    case "id":
      return session.answer((w) => writeInteger(w, session.id));
    case "setinfo":
      return session.answer(writeOk);
    default:
      return session.error(`ERR CLIENT ${name.toUpperCase()} is not supported`);
  }
}

/** CONFIG GET: the settings that redis-benchmark shows. */
export function config(session: RespSession, [what, ...patterns]: readonly Uint8Array[]): void {
  const name = text.decode(what).toLowerCase();
  if (name === "resetstat") return session.answer(writeOk);
  if (name !== "get") {
    return session.error(
      `ERR CONFIG ${name.toUpperCase()} is not supported: see docs/operations.md`,
    );
  }
  const { storage, fsync } = session.about.status();
  const settings: readonly (readonly [string, string])[] = [
    ["save", ""],
    ["appendonly", storage === "disk" ? "yes" : "no"],
    // With batch, as with always, nothing is acknowledged before it is synced.
    ["appendfsync", fsync === "never" || fsync === null ? "no" : "always"],
    ["databases", "1"],
    ["maxmemory", "0"],
  ];
  const found = settings.filter(([setting]) =>
    patterns.some((pattern) => globMatches(pattern, utf8.encode(setting))),
  );
  session.answer((w) => {
    writeMap(w, found.length, session.version);
    for (const pair of found) for (const item of pair) writeBulkText(w, item);
  });
}

/** COMMAND [COUNT | LIST | INFO name … | DOCS]. */
export function commands(
  session: RespSession,
  [what, ...args]: readonly Uint8Array[],
  all: ReadonlyMap<string, RespCommand>,
): void {
  const name = what === undefined ? "" : text.decode(what).toLowerCase();
  const asked = args.map((arg) => text.decode(arg).toLowerCase());
  switch (name) {
    case "":
      return session.answer((w) => writeCommands(w, [...all.keys()], all));
    case "info":
      return session.answer((w) => {
        writeCommands(w, asked.length === 0 ? [...all.keys()] : asked, all);
      });
    case "count":
      return session.answer((w) => writeInteger(w, all.size));
    case "list":
      return session.answer((w) => {
        writeArray(w, all.size);
        for (const command of all.keys()) writeBulkText(w, command);
      });
    case "docs":
      return session.answer((w) => writeMap(w, 0, session.version));
    default:
      return session.error(`ERR COMMAND ${name.toUpperCase()} is not supported`);
  }
}

function writeCommands(
  w: ByteWriter,
  names: readonly string[],
  all: ReadonlyMap<string, RespCommand>,
): void {
  writeArray(w, names.length);
  for (const name of names) {
    const command = all.get(name);
    if (command === undefined) {
      w.bytes(utf8.encode("*-1\r\n"));
      continue;
    }
    const { arity, keys } = command;
    const [first, last, step] = keys ?? [0, 0, 0];
    writeArray(w, 6);
    writeBulkText(w, name);
    writeInteger(w, arity);
    writeArray(w, 1);
    writeSimple(w, WRITES.has(name) ? "write" : "readonly");
    for (const position of [first, last, step]) writeInteger(w, position);
  }
}
