import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { clusterConfig, shardedConfig, TestCluster } from "../testing/cluster.ts";
import { until } from "../testing/until.ts";
import { createApp } from "./app.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";
import { type JsonSchema, schemaProblems } from "./testing/json-schema.ts";

type Media = { readonly schema: JsonSchema; readonly example?: unknown };
type Parameter = { readonly name: string; readonly in: string; readonly example?: string };
type Described = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>> }>
  >;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
};
type Document = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, { readonly type: string }>>;
  };
};

let cluster: TestCluster;
let sharded: TestCluster;
let document: Document;
beforeAll(async () => {
  cluster = new TestCluster(clusterConfig(3, "unused", "memory")).startAll();
  const shape = { shards: 4, groups: 1, replicas: 1 };
  sharded = new TestCluster(shardedConfig(1, "unused", "memory", shape)).startAll();
  const leader = await cluster.leader();
  document = (await (await fetch(`${cluster.url(leader)}/openapi.json`)).json()) as Document;
  await sharded.leader();
});
afterAll(async () => {
  await cluster.stopAll();
  await sharded.stopAll();
});

test("openapi: docs/openapi.json is what a node serves", async () => {
  const path = `${import.meta.dir}/../../../docs/openapi.json`;
  const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(path, text);
  expect(document.openapi).toBe("3.1.0");
  expect(document as unknown).toEqual(await Bun.file(path).json());
});

test("openapi: every route of the app is in the document, and the other way round", () => {
  const nothing = {} as never;
  const { routes } = createApp({ admin: nothing } as never);
  const served = routes.map(({ method, path }) => `${method} ${path}`).sort();
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => {
      return `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
    }),
  );
  expect(described.sort()).toEqual(served);
  expect(Object.keys(OPERATIONS).sort()).toEqual(served);
});

/** Examples name nodes that are no members of these clusters: with one that is, and where it is. */
function ownBody(route: string): unknown {
  const [first] = cluster.config.nodes;
  if (route === "PUT /admin/nodes") return { nodes: cluster.config.nodes };
  if (route === "POST /admin/nodes") return { node: first };
  if (route === "POST /admin/join") return { node: first };
  return undefined;
}

async function tryExample(route: string, described: Described): Promise<Response> {
  const [method, path] = route.split(" ") as [string, string];
  const of = route === "POST /admin/groups" ? sharded : cluster;
  let url = `${of.url(await of.leader())}${path}?`;
  for (const { name, in: place, example } of described.parameters ?? []) {
    if (place === "path") url = url.replace(`:${name}`, example!);
    if (place === "query" && example !== undefined) url += `${name}=${example}&`;
  }
  const [media] = Object.entries(described.requestBody?.content ?? {});
  if (media === undefined) return fetch(url, { method });
  const [type, { example }] = media;
  const own = ownBody(route);
  const body = typeof example === "string" ? example : JSON.stringify(own ?? example);
  return fetch(url, { method, body, headers: { "Content-Type": type } });
}

const describedAs = (route: string): Described => {
  const [method, path] = route.split(" ") as [string, string];
  return document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]![method.toLowerCase()]!;
};

// In the order in which they are written: what one puts, the next one reads.
for (const route of Object.keys(OPERATIONS)) {
  test(`openapi: the example of ${route} works, and the reply is of its schema`, async () => {
    const described = describedAs(route);
    // A pause of this process may cost the leader its place: such an answer is described, too, but is no success.
    const response = await until(`a success of ${route}`, async () => {
      const got = await tryExample(route, described);
      if (got.status === 200) return got;
      expect(Object.keys(described.responses)).toContain(`${got.status}`);
      expect([409, 503, 504]).toContain(got.status);
      return null;
    });
    const [[type, media]] = Object.entries(described.responses["200"]!.content!) as [
      [string, Media],
    ];
    expect(response.headers.get("Content-Type")).toStartWith(type);
    const isJson = type === "application/json";
    const reply: unknown = isJson ? await response.json() : await response.text();
    if (route === "GET /openapi.json") return;
    expect(schemaProblems(reply, media.schema, document.components.schemas)).toEqual([]);
  });
}

// That nothing but those who show one is served: src/cli/unauthenticated.test.ts asks for every operation.
test("openapi: every operation names what the node may ask for, and the refusal", () => {
  const { securitySchemes, responses } = document.components;
  const types = Object.entries(securitySchemes).map(([name, { type }]) => [name, type]);
  expect(types).toEqual([
    ["bearerToken", "http"],
    ["clientCertificate", "mutualTLS"],
  ]);
  for (const route of Object.keys(OPERATIONS)) {
    const { security, responses: described } = describedAs(route);
    const names = security.flatMap((one) => Object.keys(one));
    expect([route, names]).toEqual([route, Object.keys(securitySchemes)]);
    for (const status of ["401", "403", "421"]) {
      const { $ref = "" } = described[status] as { readonly $ref?: string };
      if ($ref !== "") expect(responses[$ref.split("/").at(-1)!]).toBeObject();
    }
    expect(Object.keys(described)).toContain("401");
  }
});

test("openapi: an example of a body is of the body's schema", () => {
  for (const route of Object.keys(OPERATIONS)) {
    const content = describedAs(route).requestBody?.content["application/json"];
    if (content === undefined) continue;
    const problems = schemaProblems(content.example, content.schema, document.components.schemas);
    expect(problems, route).toEqual([]);
  }
});

test("openapi: errors are of the schema that the document has for them", async () => {
  const url = cluster.url(await cluster.leader());
  for (const [path, status] of [
    ["/kv?limit=0&local=maybe&colour=red", 400],
    ["/kv/absent", 404],
    ["/log?group=7", 421],
  ] as const) {
    const response = await fetch(`${url}${path}`);
    expect(response.status, path).toBe(status);
    const reply: unknown = await response.json();
    const schema = { $ref: "#/components/schemas/Error" };
    expect(schemaProblems(reply, schema, document.components.schemas)).toEqual([]);
  }
});

test("openapi: the page for people needs nothing from elsewhere", async () => {
  const page = await (await fetch(`${cluster.url(1)}/docs`)).text();
  expect(page).toStartWith("<!doctype html>");
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  for (const route of Object.keys(OPERATIONS)) expect(page).toContain(`<code>${route}</code>`);
});
