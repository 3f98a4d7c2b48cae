import { hostname } from "node:os";
import { closest } from "../lib/suggest.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { checkConfig, type NodeConfigFile } from "./config.ts";
import { parseSeed } from "./discovery/seed.ts";
import { parseSource, type Source } from "./discovery/source.ts";
import { readDocument } from "./read-document.ts";
import {
  idFromHostname,
  KIND_TEXT,
  readSetting,
  type Setting,
  SETTINGS,
  variableOf,
} from "./settings.ts";

/** What a person gave, in order of weight: a flag wins over a variable, that over the file. */
export type Given = {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the file; absent: there is none. */
  readonly file?: string | undefined;
};

export type NodeSettings = {
  readonly id: number;
  /**
   * With a name of nothing when the cluster to join is yet to tell it, and then as it also is with a
   * source of addresses: only this node is listed.
   */
  readonly config: NodeConfigFile;
  /** The file lists the nodes: addresses and first voters are there. */
  readonly hasNodes: boolean;
  readonly clusterId: string | null;
  readonly peers: Source | null;
  readonly join: Source | null;
  readonly learner: boolean;
  readonly logFile: string | undefined;
  /** Every setting that has a value, in the order of the help, with where it comes from. */
  readonly effective: readonly Effective[];
};
export type Effective = { readonly key: string; readonly value: unknown; readonly from: string };

type Found = { readonly value: unknown; readonly from: string };
type Values = Map<string, Found>;

const WILDCARDS = ["0.0.0.0", "::"];
const PORTS = {
  listenPeer: "peerPort",
  listenClient: "clientPort",
  listenHttp: "httpPort",
} as const;
/** Keys of a file that no flag has. */
const FILE_KEYS = ["nodes", "links", "sharding", "listenHosts"] as const;
/** Keys of the file with settings below them. */
const NESTED = ["raft", "overload", "tls"] as const;
/** Of a cluster that has not told its name yet. */
const NO_NAME = "?";

/** The settings of one node. Throws UserError that lists every problem, each with where it comes from. */
export function readNodeSettings(given: Given): NodeSettings {
  const problems: Problem[] = [];
  const values = gather(given, problems);
  const get = <T>(key: string): T | undefined => values.get(key)?.value as T | undefined;
  const source = (key: "peers" | "join"): Source | null => {
    const found = values.get(key);
    if (typeof found?.value !== "string") return null;
    return attempt(problems, () => parseSource(found.value as string, found.from));
  };
  const [peers, join] = [source("peers"), source("join")];
  const id = readId(values, problems);
  const nodes = get<unknown>("nodes");
  const ownNode = ownAddress(values, id, problems);
  const listed = Array.isArray(nodes) ? nodes.map((node) => withOwn(node, id, ownNode)) : undefined;
  const named = nodes === undefined ? peers?.ids : null;
  const voters = get<unknown>("voters") ?? named ?? undefined;
  if (nodes === undefined && voters === undefined && peers !== null && join === null) {
    const what = "the source does not tell who votes first";
    const fix = `give ${ways("voters")}, the same for every node`;
    problems.push({ where: values.get("peers")!.from, what, fix });
  }
  const isNamed = values.has("clusterId") || join === null;
  const checked = checkConfig({
    ...{
      clusterId: isNamed ? get("clusterId") : NO_NAME,
      nodes: listed ?? nodes ?? [ownNode.node],
    },
    ...optional({ voters: voters ?? (nodes === undefined ? [id] : undefined) }),
    ...{ dataDir: get("dataDir"), storage: get("storage") },
    ...optional({ fsync: get("fsync"), bootstrapped: get("bootstrapped"), links: get("links") }),
    ...optional({ sharding: get("sharding"), raft: partOf(values, "raft") }),
    ...optional({ overload: partOf(values, "overload") }),
    ...optional({ tls: partOf(values, "tls"), clientAuth: get("clientAuth") }),
    ...optional({ tokenFile: get("tokenFile"), insecure: get("insecure") }),
    ...optional({ authWithinMs: get("authWithinMs") }),
    ...optional({ listenHosts: ownNode.hosts ?? get("listenHosts") }),
  });
  const told = new Set(problems.map(({ where }) => where));
  for (const problem of checked.problems) {
    const one = placed(problem, values, nodes === undefined);
    if (told.has(one.where)) continue;
    told.add(one.where);
    problems.push(one);
  }
  if (problems.length > 0 || checked.config === null) throw refused(problems, given.file);
  return {
    ...{ id, config: checked.config, hasNodes: nodes !== undefined },
    clusterId: get<string>("clusterId") ?? null,
    ...{ peers, join, learner: get("learner") === true, logFile: get("log") },
    effective: [...values].map(([key, found]) => ({ key, ...found })),
  };
}

function refused(all: readonly Problem[], file: string | undefined): UserError {
  // What a file that cannot be read does not say is not missing.
  const isUnread = all.some(({ where }) => where === file);
  const problems = isUnread ? all.filter(({ what }) => what !== "is missing") : all;
  const one = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new UserError(`the settings of the node have ${one}`, problems);
}

/** Each setting from the weightiest place that has it. */
function gather({ flags, env, file }: Given, problems: Problem[]): Values {
  const document = file === undefined ? {} : readSettingsFile(file, problems);
  const values: Values = new Map();
  const inFile = (key: string): Found | null => {
    const value = key
      .split(".")
      .reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), document);
    return value === undefined ? null : { value, from: `${file}: ${key}` };
  };
  for (const setting of SETTINGS) {
    const { key, flag, kind, fallback } = setting;
    const found =
      written(setting, flags[flag], `--${flag}`, problems) ??
      written(setting, env[variableOf(setting)], `$${variableOf(setting)}`, problems) ??
      inFile(key) ??
      (fallback === undefined ? null : { value: fallback, from: "default" });
    if (found === null) continue;
    values.set(key, found);
    const type = { text: "string", number: "number", switch: "boolean", ids: "object" }[kind];
    if (typeof found.value === type) continue;
    const fix = `give ${KIND_TEXT[kind]}`;
    problems.push({
      where: found.from,
      what: `${String(found.value)} is not ${KIND_TEXT[kind]}`,
      fix,
    });
  }
  for (const key of FILE_KEYS) {
    const found = inFile(key);
    if (found !== null) values.set(key, found);
  }
  return values;
}

function readSettingsFile(file: string, problems: Problem[]): Readonly<Record<string, unknown>> {
  const read = attempt(problems, () => readDocument(file, "cannot read the config"));
  if (isObject(read)) {
    problems.push(...unknownKeys(read, file));
    return read;
  }
  if (read !== null) {
    const fix = "write `key: value` lines";
    problems.push({ where: file, what: "is no set of settings", fix });
  }
  return {};
}

function written(setting: Setting, raw: unknown, from: string, problems: Problem[]): Found | null {
  if (raw === undefined) return null;
  if (typeof raw === "boolean") return { value: raw, from };
  const text = String(raw);
  const value = readSetting(setting, text);
  if (value !== null) return { value, from };
  const { kind } = setting;
  const what = `"${text}" is not ${KIND_TEXT[kind]}`;
  problems.push({ where: from, what, fix: `give ${KIND_TEXT[kind]}` });
  return null;
}

function readId(values: Values, problems: Problem[]): number {
  const found = values.get("id");
  if (found !== undefined) return found.value as number;
  const asked = values.get("idFromHostname");
  if (asked?.value === true) {
    const id = idFromHostname();
    const from = `host name ${hostname()}`;
    if (id !== null) values.set("id", { value: id, from });
    else {
      const what = `the host name "${hostname()}" does not end in a number, as ordeal-0 does`;
      problems.push({ where: asked.from, what, fix: `give ${ways("id")}` });
    }
    return id ?? 1;
  }
  problems.push({ where: "id", what: "is missing", fix: `give ${ways("id")}` });
  return 1;
}

type Own = {
  readonly node: Readonly<Record<string, unknown>>;
  readonly hosts: Readonly<Record<string, string>> | undefined;
};

/** Where this node is and listens, as far as it is not the file's list that says so. */
function ownAddress(values: Values, id: number, problems: Problem[]): Own {
  const isListed = values.has("nodes");
  const node: Record<string, unknown> = { id };
  const hosts: Record<string, string> = {};
  for (const [key, port] of Object.entries(PORTS)) {
    const found = values.get(key)!;
    if (isListed && found.from === "default") {
      values.delete(key);
      continue;
    }
    const at = typeof found.value === "string" ? parseSeed(found.value) : null;
    if (at === null || at.id !== undefined) {
      const fix = "write HOST:PORT, as 127.0.0.1:7101 or 0.0.0.0:7101";
      problems.push({ where: found.from, what: `"${String(found.value)}" is no HOST:PORT`, fix });
    }
    node[port] = at?.port ?? 1;
    hosts[port] = at?.host ?? "127.0.0.1";
  }
  const listensAt = hosts["peerPort"] ?? "127.0.0.1";
  const host =
    values.get("advertise")?.value ?? (WILDCARDS.includes(listensAt) ? hostname() : listensAt);
  if (!isListed || values.has("advertise")) node["host"] = host;
  const isElsewhere = Object.values(hosts).some((listen) => listen !== host);
  return { node, hosts: isElsewhere ? hosts : undefined };
}

/** The file's entry of this node, with what flags and variables say instead. */
const withOwn = (listed: unknown, id: number, { node }: Own): unknown =>
  isObject(listed) && listed["id"] === id ? { ...listed, ...node } : listed;

/** The settings below one key of the file; undefined: there are none. */
function partOf(values: Values, name: (typeof NESTED)[number]): unknown {
  const part: Record<string, unknown> = {};
  for (const [key, { value }] of values) {
    if (key.startsWith(`${name}.`)) part[key.slice(name.length + 1)] = value;
  }
  return Object.keys(part).length > 0 ? part : undefined;
}

/** What the file has and nobody knows. */
function unknownKeys(document: Readonly<Record<string, unknown>>, file: string): Problem[] {
  const keys = SETTINGS.map(({ key }) => key);
  const known: readonly string[] = [...keys, ...FILE_KEYS];
  const nested: readonly string[] = NESTED;
  const written = Object.entries(document).flatMap(([key, value]) =>
    nested.includes(key) && isObject(value)
      ? Object.keys(value).map((name) => `${key}.${name}`)
      : [key],
  );
  return written
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = closest(key, known);
      const fix = meant === null ? "remove it" : `did you mean ${meant}? or remove it`;
      return { where: `${file}: ${key}`, what: "is not a known setting", fix };
    });
}

/** A problem of the whole, told by where the person wrote it. */
function placed(problem: Problem, values: Values, isOwnList: boolean): Problem {
  const written = (path: string): string => {
    const key = isOwnList ? ownKey(path) : path;
    if (isOwnList && path.startsWith("voters.") && !values.has("voters")) return written("id");
    const from = values.get(key)?.from ?? values.get(key.split(".")[0]!)?.from;
    if (from === undefined || from === "default") return key;
    // Of a list in the file the place within it counts.
    return from.endsWith(`: ${key.split(".")[0]}`) ? from.replace(/: \w+$/, `: ${key}`) : from;
  };
  const { where } = problem;
  const what = problem.what.replace(/nodes\.\d+\.\w+Port/g, written);
  if (what === "is missing") return { where, what, fix: `give ${ways(where)}` };
  return { ...problem, where: written(where), what };
}

/** Which setting a part of the entry that stands for this node alone comes from. */
function ownKey(path: string): string {
  const name = /^nodes\.0\.(\w+)$/.exec(path)?.[1];
  if (name === undefined) return path;
  const listen = Object.entries(PORTS).find(([, port]) => port === name)?.[0];
  return listen ?? (name === "host" ? "advertise" : name);
}

/** `--id, $ORDEAL_ID or id in the file`. */
function ways(key: string): string {
  const setting = SETTINGS.find((one) => one.key === key);
  if (setting === undefined) return `${key} in the file`;
  return `--${setting.flag}, $${variableOf(setting)} or ${key} in the file`;
}

function attempt<T>(problems: Problem[], make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

/** The settings among these that have a value. */
const optional = (all: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
