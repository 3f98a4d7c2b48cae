import { Hono } from "hono";
import { type DescribeRouteOptions, describeRoute, generateSpecs, resolver } from "hono-openapi";
import type * as v from "valibot";
import { VERSION } from "../version.ts";
import { type Operation, OPERATIONS, type ReplySpec } from "./operations.ts";

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  key: "UTF-8, percent-encoded: 1 to 4096 bytes.",
};

/** Requests are described as they are written, before defaults and conversions; checks that JSON Schema cannot say are left out. */
const schemaOf = (schema: v.GenericSchema) =>
  resolver(schema, { typeMode: "input", errorMode: "ignore" });

/** The OpenAPI 3.1 document of a node's HTTP port, from the operations that describe its routes. */
export async function openApiDocument(): Promise<object> {
  const app = new Hono();
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method, path] = route.split(" ") as [string, string];
    app.on(method, path, describeRoute(await describe(path, operation)), (c) => c.body(null));
  }
  return generateSpecs(app, {
    excludeStaticFile: false,
    documentation: {
      openapi: "3.1.0",
      info: {
        title: "Ordeal node",
        version: VERSION,
        description:
          "The HTTP port of one node, for people and tools. Errors are JSON { error, definite, fix }. There is no authentication.",
      },
    },
  });
}

async function describe(path: string, operation: Operation): Promise<DescribeRouteOptions> {
  const { tag, summary, headers = {}, body, replies } = operation;
  return {
    tags: [tag],
    summary,
    parameters: [
      ...(await parametersOf(path, operation)),
      ...Object.entries(headers).map(([name, description]) => {
        return { name, in: "header" as const, description, schema: { type: "string" as const } };
      }),
    ],
    ...(body && { requestBody: bodyOf(body) }),
    responses: Object.fromEntries(
      Object.entries(replies).map(([status, reply]) => [status, replyOf(reply)]),
    ),
  };
}

async function parametersOf(path: string, { query, parameters: examples = {} }: Operation) {
  const ofPath = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    ...{ name, in: "path" as const, required: true, description: PATH_PARAMETERS[name]! },
    ...{ schema: { type: "string" as const }, example: examples[name]! },
  }));
  const ofQuery = Object.entries(query?.entries ?? {}).map(async ([name, entry]) => {
    // The library has two versions of this type, which do not agree.
    const schema: object = (await schemaOf(entry).toOpenAPISchema()).schema;
    const example = examples[name];
    return { name, in: "query" as const, schema, ...(example !== undefined && { example }) };
  });
  return [...ofPath, ...(await Promise.all(ofQuery))];
}

function bodyOf({ schema, example, isOptional }: NonNullable<Operation["body"]>) {
  const content =
    schema === undefined
      ? { "application/octet-stream": { schema: { type: "string" as const }, example } }
      : { "application/json": { schema: schemaOf(schema), example } };
  return { required: isOptional !== true, content };
}

function replyOf({ what, schema, media }: ReplySpec) {
  if (schema !== undefined) {
    return { description: what, content: { "application/json": { schema: schemaOf(schema) } } };
  }
  if (media === undefined) return { description: what };
  return { description: what, content: { [media]: { schema: { type: "string" as const } } } };
}
