import { afterEach, describe, expect, test } from "bun:test";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { GrpcConnection } from "./connection.ts";
import { CALL_LOST } from "./session.ts";
import { FrameReader, FrameWriter, H2 } from "./frames.ts";
import { decodeHuffman, HpackDecoder, HpackEncoder } from "./hpack.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");

describe("HPACK", () => {
  test("Huffman: the examples of RFC 7541, appendix C, and bytes that no code begins", () => {
    expect(decodeHuffman(hex("f1e3 c2e5 f23a 6ba0 ab90 f4ff"))).toBe("www.example.com");
    expect(decodeHuffman(hex("d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff"))).toBe(
      "Mon, 21 Oct 2013 20:13:21 GMT",
    );
    expect(() => decodeHuffman(hex("ffffffff ffffffff"))).toThrow("not a Huffman code");
  });

  test("decoder: fields that were said once are known by their place, until they are evicted", () => {
    const decoder = new HpackDecoder();
    const decode = (block: Buffer): string[] => {
      const fields: string[] = [];
      decoder.decode(block, ({ name, value }) => void fields.push(`${name}: ${value}`));
      return fields;
    };
    // RFC 7541, C.6: two answers, the table being limited to 256 bytes by an update in front.
    const first = hex(
      "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
    );
    const [date, location] = [
      "date: Mon, 21 Oct 2013 20:13:21 GMT",
      "location: https://www.example.com",
    ];
    expect(decode(first)).toEqual([":status: 302", "cache-control: private", date, location]);
    expect(decode(hex("4883 640e ff c1 c0 bf"))).toEqual([
      ...[":status: 307", "cache-control: private", date, location],
    ]);
    expect(() => decode(hex("7f7f"))).toThrow("no field");
    expect(() => decode(hex("400a 61"))).toThrow("cut short");
  });

  test("encoder: what the decoder reads, text once and then a byte a field", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const through = (block: Buffer): string => {
      const fields: string[] = [];
      decoder.decode(block, ({ name, value }) => void fields.push(`${name}=${value}`));
      return fields.join(" ");
    };
    const of = (path: string) => [[":path", path] as const, ["te", "trailers"] as const];
    for (const path of ["/a", "/b", "/a", "/b", "/b"]) {
      expect(through(encoder.encode(of(path)))).toBe(`:path=${path} te=trailers`);
    }
    expect(encoder.encode(of("/a"))).toHaveLength(4);
    expect(encoder.fields).toBe(3);
  });
});

describe("HTTP/2 frames", () => {
  const read = (chunks: readonly Buffer[]): string[] => {
    const seen: string[] = [];
    const reader = new FrameReader();
    for (const chunk of chunks) {
      reader.push(chunk, (type, flags, stream, bytes, at, end) => {
        seen.push(`${type} ${flags} ${stream} ${bytes.toString("latin1", at, end)}`);
      });
    }
    return seen;
  };
  const PADDED = hex("000006 00 08 00000001 02 616263 0000");
  const HEADERS = hex("000007 01 21 00000003 0000000000 6162 000001 09 04 00000003 63");

  test("reader: cut anywhere; padding, priority and continuations are taken off", () => {
    const bytes = Buffer.concat([PADDED, HEADERS]);
    const want = [`0 8 1 abc`, `1 33 3 abc`];
    expect(read([bytes])).toEqual(want);
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(want);
    }
    expect(() => read([hex("000001 00 08 00000001 05")])).toThrow("shorter");
  });

  test("writer: what a socket does not take waits, and what comes meanwhile stays in order", () => {
    const writer = new FrameWriter();
    let sent = Buffer.alloc(0);
    const socket = (takes: number) => ({
      write: (data: Uint8Array, from: number, length: number): number => {
        const count = Math.min(takes, length);
        sent = Buffer.concat([sent, data.subarray(from, from + count)]);
        return count;
      },
    });
    const payload = (i: number): Buffer => Buffer.alloc(10_000, 65 + i);
    for (let i = 0; i < 20; i++) {
      writer.frame(H2.data, 0, i, payload(i), 0, 10_000);
      writer.flush(socket(7_000 + i));
    }
    expect(writer.flush(socket(Number.POSITIVE_INFINITY))).toBe(true);
    expect(writer.bytes).toBe(0);
    expect(read([sent])).toEqual(
      Array.from({ length: 20 }, (_, i) => `0 0 ${i} ${payload(i).toString("latin1")}`),
    );
  });
});

describe("gRPC connection, against node:http2's server", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  type Answer = { readonly tag: number; readonly status: number; readonly text: string };

  /** A server that does with each call what `answer` says, and a connection to it. */
  async function connect(answer: (stream: ServerHttp2Stream, path: string) => void) {
    const server: Http2Server = createServer();
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
      answer(stream, String(headers[":path"])),
    );
    const sessions: { destroy(): void }[] = [];
    server.on("session", (session) => void sessions.push(session));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", () => listening()));
    const ends: Answer[] = [];
    let opened = Promise.withResolvers<void>();
    let ended = Promise.withResolvers<void>();
    let losses = 0;
    const { port } = server.address() as AddressInfo;
    const connection = new GrpcConnection("127.0.0.1", port, {
      onOpen: () => opened.resolve(),
      onEnd: (tag, status, message, body, bytes) => {
        ends.push({ tag, status, text: message || body.toString("latin1", 0, bytes) });
      },
      onChunk: () => ended.resolve(),
      onLost: () => {
        losses++;
        opened = Promise.withResolvers<void>();
        ended.resolve();
      },
    });
    closers.push(() => {
      connection.close();
      for (const session of sessions) session.destroy();
      server.close();
    });
    await opened.promise;
    return {
      connection,
      ends,
      losses: () => losses,
      opened: () => opened.promise,
      async until(count: number): Promise<readonly Answer[]> {
        while (ends.length < count) {
          await ended.promise;
          ended = Promise.withResolvers<void>();
        }
        return ends;
      },
      drop: () => {
        for (const session of sessions.splice(0)) session.destroy();
      },
    };
  }

  const echo = (stream: ServerHttp2Stream, path: string): void => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    stream.on("end", () => {
      const isOk = path !== "/refuse";
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () =>
        stream.sendTrailers({
          "grpc-status": isOk ? 0 : 14,
          "grpc-message": isOk ? "" : "etcdserver: no%20leader",
        }),
      );
      stream.end(isOk ? Buffer.concat(chunks) : undefined);
    });
  };

  test("calls of several methods, small and larger than any window, each get their own answer", async () => {
    const { connection, until } = await connect(echo);
    const texts = Array.from({ length: 40 }, (_, i) => String(i % 10).repeat(i < 36 ? i : 300_000));
    for (const [tag, text] of texts.entries()) {
      expect(connection.call(tag % 3 === 0 ? "/a" : "/b", Buffer.from(text), tag)).toBe(
        2 * tag + 1,
      );
    }
    const ends = (await until(texts.length)).toSorted((a, b) => a.tag - b.tag);
    expect(ends.map(({ status }) => status)).toEqual(texts.map(() => 0));
    expect(ends.every(({ text }, i) => text === texts[i])).toBe(true);
    // One after the other too: what a call used is used again.
    for (let i = 0; i < 5; i++) {
      connection.call("/a", Buffer.from(`again ${i}`), 100 + i);
      expect((await until(texts.length + i + 1)).at(-1)).toEqual({
        ...{ tag: 100 + i, status: 0, text: `again ${i}` },
      });
    }
  });

  test("an error comes with its status and message; a call that was cancelled never ends", async () => {
    const { connection, until, ends } = await connect(echo);
    const cancelled = connection.call("/a", Buffer.from("never"), 1);
    connection.cancel(cancelled);
    connection.call("/refuse", Buffer.from("x"), 2);
    expect(await until(1)).toEqual([{ tag: 2, status: 14, text: "etcdserver: no leader" }]);
    connection.call("/a", Buffer.from("y"), 3);
    await until(2);
    expect(ends.map(({ tag }) => tag)).toEqual([2, 3]);
  });

  test("a connection that ends takes its calls along, as lost, and is dialed again", async () => {
    const { connection, until, drop, opened, losses } = await connect((stream, path) => {
      if (path !== "/silent") echo(stream, path);
    });
    connection.call("/silent", Buffer.from("x"), 7);
    connection.call("/a", Buffer.from("y"), 8);
    await until(1);
    drop();
    expect((await until(2)).at(-1)).toEqual({ tag: 7, status: CALL_LOST, text: "" });
    await opened();
    expect(losses()).toBe(1);
    expect(connection.call("/a", Buffer.from("z"), 9)).toBe(1);
    expect((await until(3)).at(-1)).toEqual({ tag: 9, status: 0, text: "z" });
  });
});
