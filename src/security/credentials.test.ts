import { expect, test } from "bun:test";
import { credentialsOfEnvironment } from "./credentials.ts";

test("credentials: beside a node its settings serve, {id} being its id; without an id they are no client's pair", () => {
  const env = {
    ORDEAL_TLS_CA: "/certs/ca.pem",
    ORDEAL_TLS_CERT: "/certs/node-{id}.pem",
    ORDEAL_TLS_KEY: "/certs/node-{id}-key.pem",
    ORDEAL_TOKEN_FILE: "/certs/token",
  };
  const shared = { ca: "/certs/ca.pem", tokenFile: "/certs/token" };
  expect(credentialsOfEnvironment(env)).toEqual({ ...shared, cert: undefined, key: undefined });
  expect(credentialsOfEnvironment({ ...env, ORDEAL_ID: "3" })).toEqual({
    ...{ ...shared, cert: "/certs/node-3.pem", key: "/certs/node-3-key.pem" },
  });
  const own = { ...env, ORDEAL_TLS_CERT: "me.pem", ORDEAL_TLS_KEY: "me-key.pem" };
  expect(credentialsOfEnvironment(own)).toEqual({ ...shared, cert: "me.pem", key: "me-key.pem" });
  expect(credentialsOfEnvironment({})).toBeNull();
});
