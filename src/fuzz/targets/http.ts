import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../runtime/free-ports.ts";
import type { Log } from "../../runtime/logging.ts";
import { OrdealNode } from "../../runtime/ordeal-node.ts";
import { expect, type FuzzTarget, outcomeText } from "../target.ts";

const REQUESTS: readonly string[] = [
  "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /kv/key?local=true HTTP/1.1\r\nHost: localhost\r\n\r\n",
  'PUT /kv/schl%C3%BCssel HTTP/1.1\r\nHost: localhost\r\nIf-Match: "7"\r\nContent-Length: 5\r\n\r\nvalue',
  "PUT /kv/a HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "POST /kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
  "DELETE /kv/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /kv?prefix=a&from=b&limit=10 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /log?tail=3 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n",
  "GET /hard-state HTTP/1.0\r\n\r\n",
  'POST /admin/leader HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"to":9}',
  "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
];
/** Read so far of an answer; a page of keys is longer, and of no interest. */
const ANSWER_BYTES_MAX = 4096;

/**
 * Bun.serve now and then misses the end of a connection that comes with its request, and closes it when it has been
 * idle: not worth waiting for.
 */
const QUIET_MS = 3000;

/** Raw bytes to the HTTP port of a real node, each input on a connection of its own. */
export async function openHttp(): Promise<FuzzTarget> {
  const dataDir = mkdtempSync(join(tmpdir(), "ordeal-fuzz-"));
  const [peerPort, clientPort, httpPort] = freePorts(3) as [number, number, number];
  const host = "127.0.0.1";
  let fatal: unknown = null;
  const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };
  const node = new OrdealNode({
    config: {
      ...{
        clusterId: "fuzz",
        nodes: [{ id: 1, host, peerPort, clientPort, httpPort }],
        dataDir,
        storage: "memory",
      },
      raft: { electionTimeoutMinMs: 20, heartbeatIntervalMs: 10 },
    },
    ...{ id: 1, seed: 1, log: quiet },
    onFatal: (error) => void (fatal ??= error),
  });
  return {
    name: "http",
    samples: REQUESTS.map((text) => new TextEncoder().encode(text)),
    // What a node does besides is counted too.
    allocatesMax: () => 64 << 20,
    async run(input) {
      const answer = await ask(httpPort, input);
      // It may have waited for more. That it still serves others shows that it does not hang.
      if (answer === "") await fetch(`http://127.0.0.1:${httpPort}/version`).then((r) => r.text());
      if (fatal !== null) throw fatal;
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? "none";
      expect(answer === "" || status !== "none", `the answer is no HTTP: ${answer.slice(0, 40)}`);
      expect(status !== "500", `answered with 500: ${answer.slice(-200)}`);
      const error = /"error":"([^"]*)"/.exec(answer)?.[1] ?? "";
      return `${status} ${outcomeText(error)}`;
    },
    async stop() {
      await node.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Sends the bytes, says that there are no more, and resolves with what came back once the node has closed. */
function ask(port: number, input: Uint8Array): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("data", (chunk) => {
    if (answer.length < ANSWER_BYTES_MAX) answer += chunk.toString("latin1");
  });
  socket.setTimeout(QUIET_MS, () => socket.destroy());
  socket.on("end", () => socket.destroy());
  socket.on("error", () => {});
  socket.on("close", () => resolve(answer));
  socket.end(input);
  return promise;
}
