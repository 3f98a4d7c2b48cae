/**
 * Runs the command of its arguments, and leaves nothing of it behind: when the command ends, or the
 * process that holds our standard input does, however that ends, whatever descends from us is
 * killed, detached processes too. `npm test` runs the tests so: some of them start clusters that
 * outlive the command that started them.
 */
import { adoptOrphans } from "../../runtime/parent.ts";
import { killDescendants } from "./descendants.ts";

adoptOrphans(); // What the command leaves behind would else be init's, and no longer found.

const child = Bun.spawn(process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
const end = (code: number): never => {
  killDescendants();
  process.exit(code);
};
process.stdin.on("end", () => end(1)).resume();
await child.exited;
end(child.exitCode ?? 1);
