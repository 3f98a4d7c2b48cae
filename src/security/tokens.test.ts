import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { newToken, readTokens, TokenCheck, tokenOfEnvironment } from "./tokens.ts";

const dir = mkdtempSync(join(tmpdir(), "ordeal-tokens-"));
const path = join(dir, "token");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "";
}

test("tokens: a file gives its tokens, one a line, and any of them is taken", () => {
  const [first, second] = [newToken(), newToken()];
  expect(first).not.toBe(second);
  write(`# new\n${first}\n\n  ${second}\r\n`);
  const tokens = readTokens(path, "tokenFile");
  expect(tokens).toEqual([first, second]);
  const check = new TokenCheck(tokens);
  expect([first, second].map((token) => check.accepts(token))).toEqual([true, true]);
  for (const wrong of ["", first.slice(1), `${first}x`, first.toUpperCase(), newToken()]) {
    expect(check.accepts(wrong)).toBe(false);
  }
  expect(new TokenCheck([]).accepts("")).toBe(false);
  expect(JSON.stringify(check)).toBe("{}");
  expect(Bun.inspect(check)).not.toContain(first);
});

test("tokens: a file that others may read, is empty or holds none is refused, and not shown", () => {
  const secret = newToken();
  for (const mode of [0o644, 0o620, 0o602, 0o666]) {
    write(`${secret}\n`, mode);
    const said = refusal(() => readTokens(path, "tokenFile"));
    expect(said).toContain(`chmod 600 ${path}`);
    expect(said).not.toContain(secret);
  }
  for (const text of ["", "# none\n", "short\n", `${secret} ${secret}\n`, `${secret}\u00fc\n`]) {
    write(text);
    const said = refusal(() => readTokens(path, "tokenFile"));
    expect(said).toContain(path);
    expect(said).not.toContain(secret);
  }
  expect(refusal(() => readTokens(join(dir, "none"), "tokenFile"))).toContain("ENOENT");
});

test("tokens: the environment may hold one, which is checked alike", () => {
  const secret = newToken();
  expect(tokenOfEnvironment({})).toBeNull();
  expect(tokenOfEnvironment({ ORDEAL_TOKEN: secret })).toBe(secret);
  const said = refusal(() => tokenOfEnvironment({ ORDEAL_TOKEN: `${secret} x` }));
  expect(said).toContain("$ORDEAL_TOKEN");
  expect(said).not.toContain(secret);
});
