import { expect, test } from "bun:test";
import { ByteWriter, WireError } from "./bytes.ts";
import { eachRequest, eachResponse, type Response, RESPONSE_HEADER_BYTES } from "./client.ts";

/** Bodies are views into a larger buffer, as they are in a frame. */
function shifted(w: ByteWriter): Uint8Array {
  const room = new Uint8Array(w.offset + 10).fill(0xee);
  room.set(w.written(), 5);
  return room.subarray(5, 5 + w.offset);
}

function requests(...list: readonly [id: number, command: readonly number[]][]): Uint8Array {
  const w = new ByteWriter();
  for (const [id, command] of list) {
    w.u32(4 + command.length);
    w.u32(id);
    w.bytes(Uint8Array.from(command));
  }
  return shifted(w);
}

function requestsOf(body: Uint8Array): [number, number[]][] {
  const list: [number, number[]][] = [];
  eachRequest(body, (view, id, at, end) => {
    expect(view.byteOffset).toBe(body.byteOffset);
    list.push([id, [...body.subarray(at, end)]]);
  });
  return list;
}

type Plain = Omit<Response, "valueAt" | "valueBytes"> & { readonly value: readonly number[] };

function responses(...list: readonly Plain[]): Uint8Array {
  const w = new ByteWriter();
  for (const r of list) {
    w.u32(r.requestId);
    w.u8(r.status);
    w.u8(0);
    w.u16(r.leaderHint);
    w.u32(r.value.length);
    w.u53(r.version);
    w.u53(r.index);
    w.bytes(Uint8Array.from(r.value));
  }
  return shifted(w);
}

function responsesOf(body: Uint8Array): Plain[] {
  const list: Plain[] = [];
  eachResponse(body, ({ valueAt, valueBytes, ...rest }) =>
    list.push({ ...rest, value: [...body.subarray(valueAt, valueAt + valueBytes)] }),
  );
  return list;
}

const REQUESTS = requests([1, [7, 8, 9]], [2 ** 32 - 1, [6]]);
const RESPONSES: readonly Plain[] = [
  { requestId: 2 ** 32 - 1, status: 3, leaderHint: 65535, version: 0, index: 0, value: [] },
  { requestId: 1, status: 0, leaderHint: 0, version: 2 ** 53 - 1, index: 2 ** 40, value: [1, 2] },
];

test("eachRequest: walks every request of a body, with the bounds of its command", () => {
  expect(requestsOf(REQUESTS)).toEqual([
    [1, [7, 8, 9]],
    [2 ** 32 - 1, [6]],
  ]);
  expect(requestsOf(requests([5, []]))).toEqual([[5, []]]); // Its command is too short: not decided here.
});

test("eachRequest: every truncation and a trailing byte are a WireError", () => {
  const firstEnds = 4 + 4 + 3;
  for (let cut = 0; cut < REQUESTS.length; cut++) {
    const walk = (): unknown => requestsOf(REQUESTS.subarray(0, cut));
    if (cut === firstEnds) expect(walk).not.toThrow();
    else expect(walk).toThrow(WireError);
  }
  expect(() => requestsOf(Uint8Array.of(...REQUESTS, 0))).toThrow(WireError);
});

test("eachRequest: a length that does not hold the id, or is huge, is a WireError", () => {
  for (const length of [0, 3, 2 ** 31, 2 ** 32 - 1]) {
    const body = requests([1, [7, 8, 9]]).slice();
    new DataView(body.buffer).setUint32(0, length, true);
    expect(() => requestsOf(body)).toThrow(new WireError(`request: ${length} bytes do not fit`));
  }
});

test("eachResponse: walks every response, with numbers up to 2^53 - 1", () => {
  expect(responsesOf(responses(...RESPONSES))).toEqual([...RESPONSES]);
  expect(responsesOf(new Uint8Array(0))).toEqual([]);
});

test("eachResponse: every truncation and a trailing byte are a WireError", () => {
  const body = responses(...RESPONSES);
  for (let cut = 1; cut < body.length; cut++) {
    const walk = (): unknown => responsesOf(body.subarray(0, cut));
    if (cut === RESPONSE_HEADER_BYTES) expect(walk).not.toThrow();
    else expect(walk).toThrow(WireError);
  }
  expect(() => responsesOf(Uint8Array.of(...body, 0))).toThrow(WireError);
});
