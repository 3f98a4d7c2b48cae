import {
  type Client,
  type Entry,
  type FailureCode,
  OperationFailedError,
  type OperationOptions,
  OutcomeUnknownError,
} from "../../connect/client.ts";

/** One thing to do with a store. */
export type Request =
  | { readonly kind: "get"; readonly key: Uint8Array; readonly local: boolean }
  | {
      readonly kind: "put";
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      /** Only at this version of the key; undefined: at any. */
      readonly version: number | undefined;
    }
  | { readonly kind: "append"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: Uint8Array }
  | {
      readonly kind: "scan";
      readonly prefix: Uint8Array;
      readonly from: Uint8Array | undefined;
      readonly limit: number;
      readonly local: boolean;
    };

/** What came of it. */
export type Outcome =
  | { readonly kind: "found"; readonly entry: Entry }
  | { readonly kind: "missing"; readonly key: Uint8Array }
  | { readonly kind: "written"; readonly version: number }
  | { readonly kind: "mismatch"; readonly version: number }
  | { readonly kind: "deleted" }
  /** `next`: the key to go on from; null: that was all. */
  | {
      readonly kind: "scanned";
      readonly entries: readonly Entry[];
      readonly next: Uint8Array | null;
    }
  /** It did nothing, and never will. */
  | { readonly kind: "failed"; readonly code: FailureCode; readonly message: string }
  /** It may have taken effect. */
  | { readonly kind: "unknown"; readonly code: FailureCode; readonly message: string };

/** Does it. An operation that fails is an outcome too; throws for a bug only. */
export async function perform(
  db: Client,
  request: Request,
  options: OperationOptions = {},
): Promise<Outcome> {
  try {
    return await performed(db, request, options);
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The outcome that an error of the client is. Throws any other. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof OperationFailedError) {
    return { kind: "failed", code: error.code, message: error.message };
  }
  if (error instanceof OutcomeUnknownError) {
    return { kind: "unknown", code: error.code, message: error.message };
  }
  throw error;
}

async function performed(
  db: Client,
  request: Request,
  options: OperationOptions,
): Promise<Outcome> {
  switch (request.kind) {
    case "get": {
      const { key, local } = request;
      const entry = await db.get(key, { ...options, local });
      return entry === null ? { kind: "missing", key } : { kind: "found", entry };
    }
    case "put": {
      const { key, value, version } = request;
      if (version !== undefined) return db.putIf(key, value, version, options);
      return { kind: "written", version: await db.put(key, value, options) };
    }
    case "append":
      return {
        kind: "written",
        version: await db.append(request.key, request.value, options),
      };
    case "delete": {
      const { key } = request;
      return (await db.delete(key, options)) ? { kind: "deleted" } : { kind: "missing", key };
    }
    case "scan":
      return scanned(db, request, options);
  }
}

async function scanned(
  db: Client,
  { prefix, from, limit, local }: Request & { readonly kind: "scan" },
  options: OperationOptions,
): Promise<Outcome> {
  const entries: Entry[] = [];
  const bounds = { prefix, ...(from !== undefined && { from }), limit: limit + 1 };
  for await (const entry of db.scan({ ...options, ...bounds, local })) entries.push(entry);
  if (entries.length <= limit) return { kind: "scanned", entries, next: null };
  const next = entries.pop()!.keyBytes;
  return { kind: "scanned", entries, next };
}
