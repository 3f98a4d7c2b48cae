import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { isLoopback, refuseExposed } from "./exposed.ts";

test("exposed: loopback is what only this machine reaches", () => {
  for (const host of ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]", "a.localhost"]) {
    expect([host, isLoopback(host)]).toEqual([host, true]);
  }
  const others = ["0.0.0.0", "::", "10.0.0.1", "fe80::1", "127.0.0.1.example", "ordeal-0", ""];
  for (const host of others) expect([host, isLoopback(host)]).toEqual([host, false]);
});

test("exposed: beyond loopback it takes TLS and authentication, or the word of a person", () => {
  const open = { peerPort: "0.0.0.0", clientPort: "127.0.0.1", httpPort: "10.0.0.1" };
  const said = (security: Parameters<typeof refuseExposed>[1], insecure = false): string[] => {
    try {
      refuseExposed(open, security, insecure);
      return [];
    } catch (error) {
      if (error instanceof UserError) return error.problems.map(({ where }) => where);
      throw error;
    }
  };
  expect(said(null)).toEqual(["peerPort on 0.0.0.0", "httpPort on 10.0.0.1"]);
  // Peers show certificates in any case.
  expect(said({ clientAuth: "none" })).toEqual(["httpPort on 10.0.0.1"]);
  expect([said({ clientAuth: "token" }), said({ clientAuth: "cert" }), said(null, true)]).toEqual([
    [],
    [],
    [],
  ]);
});
