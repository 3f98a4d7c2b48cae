import { join } from "node:path";

/**
 * `bun daemon.ts start|kill|pause|resume DIR ID`: does it to node ID of the cluster in DIR, as somebody
 * would who runs nodes elsewhere. Who starts one does not wait for it, nor does it end with them.
 */
const [what, dir = "", id = ""] = process.argv.slice(2);
const pidFile = Bun.file(join(dir, `pid-${id}`));

if (what === "start") {
  const main = join(import.meta.dir, "..", "..", "cli", "main.ts");
  const config = join(dir, "config.json");
  const node = Bun.spawn([process.execPath, main, "node", "--config", config, "--id", id], {
    ...{ detached: true, stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  });
  await Bun.write(pidFile, String(node.pid));
  node.unref();
} else {
  const signal = what === "kill" ? "SIGKILL" : what === "pause" ? "SIGSTOP" : "SIGCONT";
  process.kill(Number(await pidFile.text()), signal);
}
