import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { VERSION } from "../version.ts";
import { REFUSALS, REFUSED, SECURITY, SECURITY_SCHEMES } from "./openapi-security.ts";
import { type Operation, OPERATIONS, type ReplySpec } from "./operations.ts";

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  key: "UTF-8, percent-encoded: 1 to 4096 bytes.",
};

/** Schemas that have a name (`v.metadata({ ref })`), by it: elsewhere they are referred to. */
type Named = Record<string, object>;

/** The OpenAPI 3.1 document of a node's HTTP port, from the operations that describe its routes. */
export function openApiDocument(): object {
  const schemas: Named = {};
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method = "", path = ""] = route.split(" ");
    const template = path.replaceAll(/:(\w+)/g, "{$1}");
    (paths[template] ??= {})[method.toLowerCase()] = {
      operationId: operationIdOf(method, path),
      ...describe(path, operation, schemas),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Ordeal node",
      version: VERSION,
      description:
        "The HTTP port of one node, for people and tools. Errors are JSON { error, definite, fix }. Beyond loopback every operation needs a token or a client certificate, whichever the node asks for (docs/security.md).",
    },
    security: SECURITY,
    paths,
    components: { schemas, responses: REFUSALS, securitySchemes: SECURITY_SCHEMES },
  };
}

/** Requests are described as they are written, before defaults and conversions; checks that JSON Schema cannot say are left out. */
function schemaOf(schema: v.GenericSchema, schemas: Named): object {
  const { $schema: _, ...own } = toJsonSchema(schema, { typeMode: "input", errorMode: "ignore" });
  return withReferences(own, schemas) as object;
}

/** Takes the schemas that have a name out of `part`, at any depth. */
function withReferences(part: unknown, schemas: Named): unknown {
  if (Array.isArray(part)) return part.map((it) => withReferences(it, schemas));
  if (part === null || typeof part !== "object") return part;
  const { ref, ...own } = part as { readonly ref?: unknown };
  const whole = Object.fromEntries(
    Object.entries(typeof ref === "string" ? own : part).map(([key, value]) => {
      return [key, withReferences(value, schemas)];
    }),
  );
  if (typeof ref !== "string") return whole;
  schemas[ref] = whole;
  return { $ref: `#/components/schemas/${ref}` };
}

/** `getKvByKey`: what generators of clients call it. */
const operationIdOf = (method: string, path: string): string =>
  method.toLowerCase() +
  path.replaceAll(/[/.-](:?)(\w)/g, (_, by: string, letter: string) => {
    return `${by === "" ? "" : "By"}${letter.toUpperCase()}`;
  });

function describe(path: string, operation: Operation, schemas: Named): object {
  const { tag, summary, headers = {}, body, replies } = operation;
  return {
    tags: [tag],
    summary,
    parameters: [
      ...parametersOf(path, operation, schemas),
      ...Object.entries(headers).map(([name, description]) => {
        return { name, in: "header", description, schema: { type: "string" } };
      }),
    ],
    ...(body && { requestBody: bodyOf(body, schemas) }),
    security: SECURITY,
    responses: {
      ...REFUSED,
      ...Object.fromEntries(
        Object.entries(replies).map(([status, reply]) => [status, replyOf(reply, schemas)]),
      ),
    },
  };
}

function parametersOf(
  path: string,
  { query, parameters: examples = {} }: Operation,
  schemas: Named,
): readonly object[] {
  const ofPath = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    ...{ name, in: "path", required: true, description: PATH_PARAMETERS[name]! },
    ...{ schema: { type: "string" }, example: examples[name]! },
  }));
  const ofQuery = Object.entries(query?.entries ?? {}).map(([name, entry]) => {
    const schema = schemaOf(entry, schemas);
    const example = examples[name];
    return { name, in: "query", schema, ...(example !== undefined && { example }) };
  });
  return [...ofPath, ...ofQuery];
}

function bodyOf(
  { schema, example, isOptional }: NonNullable<Operation["body"]>,
  schemas: Named,
): object {
  const content =
    schema === undefined
      ? { "application/octet-stream": { schema: { type: "string" }, example } }
      : { "application/json": { schema: schemaOf(schema, schemas), example } };
  return { required: isOptional !== true, content };
}

function replyOf({ what, schema, media }: ReplySpec, schemas: Named): object {
  if (schema !== undefined) {
    return {
      description: what,
      content: { "application/json": { schema: schemaOf(schema, schemas) } },
    };
  }
  if (media === undefined) return { description: what };
  return { description: what, content: { [media]: { schema: { type: "string" } } } };
}
