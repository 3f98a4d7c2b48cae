import { expect, test } from "bun:test";
import { ByteWriter, WireError } from "./bytes.ts";
import {
  type ClusterInfo,
  readClusterInfo,
  writeClusterInfo,
  writeClusterRequest,
} from "./cluster-info.ts";
import { type Frame, FRAME_HEADER_BYTES, FrameReader } from "./frame.ts";
import { KIND } from "./kinds.ts";

const INFO: ClusterInfo = {
  clusterId: "größe",
  id: 65_535,
  shards: 4096,
  nodes: [
    { id: 1, host: "127.0.0.1", clientPort: 65_535 },
    { id: 65_535, host: "ordeal-2.ordeal.default.svc", clientPort: 1 },
  ],
};

function framesOf(write: (w: ByteWriter) => void): Frame[] {
  const w = new ByteWriter(16);
  write(w);
  const frames: Frame[] = [];
  new FrameReader().push(w.copy(), (frame) => frames.push(frame));
  return frames;
}

test("clusterRequest: an empty frame of its kind", () => {
  expect(framesOf(writeClusterRequest)).toEqual([
    { kind: KIND.clusterRequest, group: 0, body: new Uint8Array(0) },
  ]);
});

test("clusterReply: comes back as it went, sharded or not", () => {
  for (const info of [INFO, { ...INFO, shards: 0, nodes: INFO.nodes.slice(1) }]) {
    const [frame, ...more] = framesOf((w) => writeClusterInfo(w, info));
    expect([frame!.kind, more]).toEqual([KIND.clusterReply, []]);
    expect(readClusterInfo(frame!.body)).toEqual(info);
  }
});

test("clusterReply: the layout is that of the docstring", () => {
  const w = new ByteWriter();
  const nodes = [{ id: 2, host: "h", clientPort: 0x1234 }];
  writeClusterInfo(w, { clusterId: "c", id: 1, shards: 3, nodes });
  const layout = [1, 0, 3, 0, 1, 0, 1, 0, 0x63, 2, 0, 0x34, 0x12, 1, 0, 0x68];
  expect([...w.written(FRAME_HEADER_BYTES)]).toEqual(layout);
});

test("clusterReply: what is cut short, too long, of no node or no text is refused", () => {
  const body = framesOf((w) => writeClusterInfo(w, INFO))[0]!.body;
  for (let bytes = 0; bytes < body.length; bytes++) {
    expect(() => readClusterInfo(body.subarray(0, bytes))).toThrow(WireError);
  }
  expect(() => readClusterInfo(Uint8Array.of(...body, 0))).toThrow("after the end");
  expect(() => readClusterInfo(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))).toThrow("a cluster of none");
  expect(() => readClusterInfo(Uint8Array.of(1, 0, 0, 0, 1, 0, 1, 0, 0xff))).toThrow("not UTF-8");
});
