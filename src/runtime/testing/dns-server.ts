import { createSocket, type Socket } from "node:dgram";

const TYPE_A = 1;
const TYPE_SRV = 33;
const NXDOMAIN = 3;

/** What the server answers now; names in small letters. */
export type Zone = {
  readonly a?: Readonly<Record<string, readonly string[]>>;
  readonly srv?: Readonly<
    Record<string, readonly { readonly target: string; readonly port: number }[]>
  >;
};

/** A small DNS server on loopback: A and SRV records over UDP (RFC 1035, RFC 2782), of a zone that changes. */
export type DnsServer = {
  /** host:port, for `resolver=`. */
  readonly address: string;
  /** Questions so far. */
  readonly asked: readonly string[];
  set(zone: Zone): void;
  stop(): void;
};

export async function dnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  let now = zone;
  socket.on("message", (query, from) => {
    const { name, type, end } = question(query);
    asked.push(`${type === TYPE_SRV ? "SRV" : type === TYPE_A ? "A" : type} ${name}`);
    socket.send(reply(query, end, type, recordsOf(now, name, type)), from.port, from.address);
  });
  await bound(socket);
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (changed) => void (now = changed),
    stop: () => void socket.close(),
  };
}

const bound = (socket: Socket): Promise<void> =>
  new Promise((done) => void socket.bind(0, "127.0.0.1", () => done()));

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Null: there is no such name. */
function recordsOf(zone: Zone, name: string, type: number): readonly Buffer[] | null {
  const a = zone.a?.[name];
  const srv = zone.srv?.[name];
  if (a === undefined && srv === undefined) return null;
  if (type === TYPE_A) return (a ?? []).map((ip) => Buffer.from(ip.split(".").map(Number)));
  if (type !== TYPE_SRV) return [];
  return (srv ?? []).map(({ target, port }) => {
    const fixed = Buffer.alloc(6);
    fixed.writeUInt16BE(port, 4);
    return Buffer.concat([fixed, encodeName(target)]);
  });
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.from([0]),
  ]);

function reply(
  query: Buffer,
  end: number,
  type: number,
  records: readonly Buffer[] | null,
): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head[2] = 0x85; // An answer, with authority.
  head[3] = 0x80 | (records === null ? NXDOMAIN : 0);
  head.writeUInt16BE(records?.length ?? 0, 6);
  head.writeUInt32BE(0, 8);
  const answers = (records ?? []).map((data) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0); // The name of the question.
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([head, query.subarray(12, end), ...answers]);
}
