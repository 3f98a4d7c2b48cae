import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Issued, issue, newAuthority, readAuthority } from "./authority.ts";
import { connectNode, type NodeHandlers } from "./connect-node.ts";
import { fetchNode } from "./keyring.ts";
import { whyNoAnswer } from "./no-answer.ts";
import { tlsToNode } from "./credentials.ts";

setDefaultTimeout(60_000);

/** Whom our own clients refuse to speak to, before a token leaves them. */

const CLUSTER = "demo";
let ca = "";
const pairs = new Map<string, Issued>();
const stops: (() => void)[] = [];

beforeAll(async () => {
  const made = await newAuthority(CLUSTER, 1);
  ca = made.cert;
  const ours = await readAuthority(made.cert, made.key);
  const other = await newAuthority(CLUSTER, 1);
  const rogue = await readAuthority(other.cert, other.key);
  const node = { owner: { kind: "node", clusterId: CLUSTER, id: 1 }, hosts: [], days: 1 } as const;
  const client = { ...node, owner: { kind: "client", clusterId: CLUSTER, name: "x" } } as const;
  pairs.set("a node", await issue(ours, node));
  pairs.set("an expired node", await issue(ours, { ...node, days: -1 }));
  pairs.set("a node of another authority", await issue(rogue, node));
  pairs.set("a client", await issue(ours, client));
});
afterAll(() => {
  for (const stop of stops) stop();
});

const handlers: NodeHandlers = {
  open: (socket) => socket.terminate(),
  ...{ data: () => {}, drain: () => {}, close: () => {}, error: () => {} },
};
const TOKEN = "a-token-that-nobody-else-may-see";

/** Listens with that certificate; what reaches it is in `heard`. */
function listen(as: string): { readonly port: number; readonly heard: Buffer[] } {
  const heard: Buffer[] = [];
  const data = (_: unknown, chunk: Buffer): void => void heard.push(chunk);
  const tls = { ...pairs.get(as)! };
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, tls, socket: { data } });
  stops.push(() => server.stop(true));
  return { port: server.port, heard };
}

const whyNot = (port: number): Promise<string> =>
  connectNode({ host: "127.0.0.1", port }, { ca, token: TOKEN }, handlers).then(
    () => "",
    (error: Error) => error.message,
  );

for (const [as, why] of [
  ["an expired node", /the certificate has expired/],
  ["a node of another authority", /another authority/],
  ["a client", /the TLS handshake failed/],
] as const) {
  test(`clients: who shows the certificate of ${as} is not spoken to, and sees no token`, async () => {
    const { port, heard } = listen(as);
    expect(await whyNot(port)).toMatch(why);
    const url = `https://127.0.0.1:${port}/status`;
    const headers = { authorization: `Bearer ${TOKEN}` };
    await expect(fetch(url, { headers, tls: tlsToNode({ ca }) })).rejects.toThrow();
    expect(Buffer.concat(heard).includes(TOKEN)).toBe(false);
  });
}

test("clients: a node is shown the token", async () => {
  const { port, heard } = listen("a node");
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (Buffer.concat(heard).includes(TOKEN)) resolve();
  }, 5);
  const refused = whyNot(port);
  await promise;
  clearInterval(timer);
  for (const stop of stops) stop();
  expect(await refused).not.toBe("");
});

test("clients: why an HTTP port has not answered is told in words that help", async () => {
  const { port } = listen("a node");
  const why = (at: { readonly host: string; readonly port: number }): Promise<string> =>
    fetchNode(at, "/status").then(
      () => "",
      (error: Error) => whyNoAnswer(at, error),
    );
  expect(await why({ host: "127.0.0.1", port })).toMatch(/speak TLS\? Then set ORDEAL_TLS_CA/);
  for (const stop of stops) stop();
  expect(await why({ host: "127.0.0.1", port })).toBe("nothing listens there");
});
