import { expect, test } from "bun:test";
import { refuseOtherSites } from "./browser-guard.ts";

const status = (
  headers: Readonly<Record<string, string>>,
  method = "GET",
  hosts: readonly string[] = ["127.0.0.1"],
  path = "/status",
): number => {
  const request = { method, headers: new Headers(headers), url: `http://127.0.0.1${path}` };
  return refuseOtherSites(request, hosts)?.status ?? 200;
};

test("browser guard: a domain that was made to point here is refused, whatever it asks", () => {
  const ours = ["127.0.0.1:7301", "localhost", "[::1]:1", "10.1.2.3:7301"];
  const inside = [
    "ordeal.default.svc.cluster.local:7301",
    "db.internal",
    "ordeal-0:7301",
    "a.local",
  ];
  for (const host of ours) expect([host, status({ host })]).toEqual([host, 200]);
  for (const host of inside) {
    // On loopback nobody needs them, and in a strange network anybody may answer for them.
    expect([host, status({ host })]).toEqual([host, 421]);
    expect([host, status({ host }, "GET", ["0.0.0.0", "ordeal-1"])]).toEqual([host, 200]);
  }
  const others = ["evil.example:7301", "127.0.0.1.evil.example", "", "a b", "127.0.0.1:x", "u@h"];
  for (const host of others) {
    for (const hosts of [["127.0.0.1"], ["0.0.0.0"]]) {
      expect([host, status({ host }, "GET", hosts)]).toEqual([host, 421]);
    }
  }
  expect(status({ host: "db.corp.example:7301" }, "GET", ["db.corp.example"])).toBe(200);
});

test("browser guard: pages of other sites can neither read nor do anything", () => {
  const host = "127.0.0.1:7301";
  const own = { host, origin: `http://${host}` };
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    expect(status({ host }, method)).toBe(200);
    expect(status({ ...own, "sec-fetch-site": "same-origin" }, method)).toBe(200);
    for (const origin of ["https://evil.example", "http://127.0.0.1:8080", "null"]) {
      expect(status({ host, origin }, method)).toBe(403);
    }
    for (const site of ["cross-site", "same-site"]) {
      expect(status({ host, "sec-fetch-site": site }, method)).toBe(403);
    }
  }
  const link = { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  expect(status({ ...link, "sec-fetch-dest": "document" })).toBe(200);
  const admin = "/admin/backup";
  expect(status({ ...link, "sec-fetch-dest": "document" }, "GET", [], admin)).toBe(403);
  expect(status({ ...link, "sec-fetch-dest": "document" }, "POST")).toBe(403);
  expect(status({ ...link, "sec-fetch-dest": "iframe" })).toBe(403);
});
