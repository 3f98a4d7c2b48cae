import { expect, test } from "bun:test";
import { type CertifiedName, readName, uriOf } from "./names.ts";

const OWNERS: readonly CertifiedName[] = [
  { kind: "node", clusterId: "demo", id: 1 },
  { kind: "node", clusterId: "a/b, URI:ordeal://x/node/2", id: 65_535 },
  { kind: "client", clusterId: "demo", name: "billing" },
  { kind: "client", clusterId: "%2f", name: "a/b?c#d, e" },
];

test("names: a certificate names whom it was made for, whatever else it names", () => {
  for (const owner of OWNERS) {
    expect(readName(uriOf(owner))).toBeNull();
    expect(readName(`URI:${uriOf(owner)}`)).toEqual(owner);
    expect(readName(`DNS:node.ordeal, URI:${uriOf(owner)}, IP Address:::1`)).toEqual(owner);
  }
});

test("names: what is not written as we write it names nobody", () => {
  const bad = [
    undefined,
    "",
    "DNS:node.ordeal",
    "URI:https://demo/node/1",
    "URI:ordeal://demo/node/0",
    "URI:ordeal://demo/node/01",
    "URI:ordeal://demo/node/1/2",
    "URI:ordeal://demo/root/1",
    "URI:ordeal://demo/client/%zz",
    "URI:ordeal://demo/node/1, URI:ordeal://demo/node/2",
  ];
  for (const names of bad) expect([names, readName(names)]).toEqual([names, null]);
});
