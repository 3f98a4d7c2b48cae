import {
  writeArray,
  writeBulkText,
  writeInteger,
  writeMap,
  writeOk,
} from "../../wire/resp-reply.ts";
import { REDIS_VERSION } from "./resp-about.ts";
import type { RespSession } from "./resp-connection.ts";

const WRONG = "WRONGPASS the token is not right";
const text = new TextDecoder();

/** AUTH [NAME] TOKEN. The name does not matter. A wrong token ends the connection. */
export function auth(session: RespSession, args: readonly Uint8Array[]): void {
  if (args.length > 2) return session.error("ERR syntax error");
  if (session.tokens === null) {
    return session.error("ERR AUTH is not needed: this node asks for no token");
  }
  if (isRight(session, args.at(-1)!)) return session.answer(writeOk);
  session.error(WRONG);
  session.quit();
}

/** HELLO [2|3 [AUTH NAME TOKEN] [SETNAME name]]. */
export function hello(session: RespSession, [asked, ...options]: readonly Uint8Array[]): void {
  const version = asked === undefined ? undefined : text.decode(asked);
  if (version !== undefined && version !== "2" && version !== "3") {
    return session.error("NOPROTO unsupported protocol version");
  }
  let name: string | undefined;
  for (let at = 0; at < options.length;) {
    const option = text.decode(options[at]);
    const [first, second] = [options[at + 1], options[at + 2]];
    if (option.toLowerCase() === "setname" && first !== undefined) {
      name = text.decode(first);
      at += 2;
    } else if (option.toLowerCase() === "auth" && second !== undefined) {
      if (session.tokens !== null && !isRight(session, second)) {
        session.error(WRONG);
        return session.quit();
      }
      at += 3;
    } else return session.error(`ERR HELLO with ${option} is not supported`);
  }
  if (name !== undefined) session.name = name;
  if (version !== undefined) session.version = version === "3" ? 3 : 2;
  greet(session);
}

function greet(session: RespSession): void {
  const { role, version: ordeal } = session.about.status();
  const fields: readonly (readonly [string, string | number])[] = [
    ["server", "redis"],
    ["version", REDIS_VERSION],
    ["ordeal", ordeal],
    ["proto", session.version],
    ["id", session.id],
    ["mode", "standalone"],
    ["role", role === "leader" ? "master" : "replica"],
  ];
  session.answer((w) => {
    writeMap(w, fields.length + 1, session.version);
    for (const [name, value] of fields) {
      writeBulkText(w, name);
      if (typeof value === "number") writeInteger(w, value);
      else writeBulkText(w, value);
    }
    writeBulkText(w, "modules");
    writeArray(w, 0);
  });
}

const isRight = ({ tokens }: RespSession, token: Uint8Array): boolean =>
  tokens?.accepts(text.decode(token)) === true;
