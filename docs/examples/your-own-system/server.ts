// A store of one process and one file, which speaks lines over TCP:
//
//   get KEY                        → ok VERSION VALUE
//   put KEY VALUE [IF-VERSION]     → ok VERSION, or mismatch VERSION
//
// Values are base64; the version of a key counts its writes, 0: it is absent.
//
//   bun server.ts PORT FILE [--hasty]
import { closeSync, fdatasync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { promisify } from "node:util";

const [port, path] = process.argv.slice(2);
// The bug to be found: writes are acknowledged first, and written to the file a second later.
const isHasty = process.argv.includes("--hasty");
const HASTY_MS = 1_000;

const store = new Map<string, { version: number; value: string }>();
const file = openSync(path!, "a+");
for (const line of readFileSync(path!, "utf8").split("\n").slice(0, -1)) write(line);

/** Lines of the file are `KEY VALUE`, in the order of the writes. */
function write(line: string): number {
  const [key, value] = line.split(" ") as [string, string];
  const version = (store.get(key)?.version ?? 0) + 1;
  store.set(key, { version, value });
  return version;
}

const sync = promisify(fdatasync);
let unwritten: string[] = [];
let synced = Promise.resolve();

/** Resolves when the line is on the disk. One sync serves all lines that came during the one before. */
function log(line: string): Promise<void> {
  unwritten.push(line);
  if (unwritten.length === 1) {
    synced = synced.then(async () => {
      if (isHasty) await Bun.sleep(HASTY_MS);
      const lines = unwritten.map((it) => `${it}\n`).join("");
      unwritten = [];
      writeSync(file, lines);
      await sync(file);
    });
  }
  return isHasty ? Promise.resolve() : synced;
}

async function answer(request: string): Promise<string> {
  const [op, key = "", value = "", expected] = request.split(" ");
  const found = store.get(key) ?? { version: 0, value: "" };
  if (op === "get") {
    // What it read may not be on the disk yet, and then it may be lost: nobody may see it before.
    if (!isHasty) await synced;
    return `ok ${found.version} ${found.value}`;
  }
  if (op !== "put") return `unknown ${op}`;
  if (expected !== undefined && Number(expected) !== found.version) {
    if (!isHasty) await synced;
    return `mismatch ${found.version}`;
  }
  const version = write(`${key} ${value}`);
  await log(`${key} ${value}`);
  return `ok ${version}`;
}

createServer((socket) => {
  let rest = "";
  let last = Promise.resolve();
  socket.on("data", (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const answered = answer(line);
      // In the order of the requests.
      last = last.then(async () => void socket.write(`${await answered}\n`));
    }
  });
  socket.on("error", () => socket.destroy());
}).listen(Number(port), "127.0.0.1");

process.on("SIGTERM", () => {
  closeSync(file);
  process.exit(0);
});
