import { afterEach, expect, test } from "bun:test";
import { CLEAR_LINK, type LinkState } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import { until } from "../until.ts";
import { ByteProxy } from "./byte-proxy.ts";

const WITHIN_MS = 20_000;
const SERVER = 2;
const CUT: LinkState = { ...CLEAR_LINK, cut: true };

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** An echo server behind a proxy that knows its dialers by the digit that they begin with. */
function echoBehindProxy() {
  const received: string[] = [];
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        received.push(Buffer.from(chunk).toString());
        socket.write(chunk);
      },
    },
  });
  const states = new Map<string, LinkState>();
  const proxy = new ByteProxy({
    to: SERVER,
    port: server.port,
    dialer: (chunk) => Number(/^#(\d)/.exec(Buffer.from(chunk).toString())?.[1] ?? 0),
    stateOf: (from, to) => states.get(`${from}>${to}`) ?? CLEAR_LINK,
    prng: new Prng(1),
  });
  stops.push(
    () => proxy.stop(),
    () => server.stop(true),
  );
  const set = (link: string, state: LinkState): void => {
    states.set(link, state);
    proxy.linksChanged();
  };
  return { proxy, received, set };
}

/** A connection to the proxy, and what it has heard. */
async function dial(port: number) {
  const heard = { text: "", closed: false };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, chunk) => void (heard.text += Buffer.from(chunk).toString()),
      close: () => void (heard.closed = true),
    },
  });
  stops.push(() => socket.terminate());
  const says = (text: string): Promise<unknown> =>
    until(`${text} is heard`, WITHIN_MS, () => heard.text.endsWith(text));
  return { socket, heard, says };
}

test("byte proxy: each direction obeys the link of its sender, once the dialer is known", async () => {
  const { proxy, received, set } = echoBehindProxy();
  const one = await dial(proxy.port);
  const three = await dial(proxy.port);
  one.socket.write("#1 hello");
  three.socket.write("#3 hello");
  await Promise.all([one.says("#1 hello"), three.says("#3 hello")]);

  set("2>1", CUT); // What node 1 is told is kept; what it says goes through.
  one.socket.write("a");
  three.socket.write("b");
  await three.says("b");
  await until("it was received", WITHIN_MS, () => received.includes("a"));
  expect(one.heard.text).toBe("#1 hello");

  set("1>2", CUT);
  one.socket.write("c");
  three.socket.write("d");
  await three.says("d");
  expect(received).not.toContain("c");

  set("1>2", CLEAR_LINK);
  set("2>1", CLEAR_LINK);
  await one.says("ac");
});

test("byte proxy: an unknown dialer is let through until it tells who it is", async () => {
  const { proxy, set } = echoBehindProxy();
  set("1>2", CUT);
  const { socket, heard, says } = await dial(proxy.port);
  socket.write("probe");
  await says("probe");
  socket.write("#1 is cut off");
  const other = await dial(proxy.port);
  other.socket.write("#3");
  await other.says("#3");
  expect(heard.text).toBe("probe");
});

test("byte proxy: a close passes a clear link, and waits on a cut one", async () => {
  const { proxy, set } = echoBehindProxy();
  const gone = new ByteProxy({
    ...{ to: SERVER, port: 1, dialer: () => 1, stateOf: () => CLEAR_LINK, prng: new Prng(2) },
  });
  stops.push(() => gone.stop());
  const refused = await dial(gone.port);
  await until("a refused dial closes", WITHIN_MS, () => refused.heard.closed);
  const { socket, heard, says } = await dial(proxy.port);
  socket.write("#1");
  await says("#1");
  set("2>1", CUT);
  proxy.stop();
  await until("stop closes all the same", WITHIN_MS, () => heard.closed);
});
