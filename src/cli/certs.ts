import type { Argv, CommandModule } from "yargs";

/** Certificates and tokens of a cluster: docs/security.md. */
export const command: CommandModule = {
  command: "certs",
  describe: "Make, renew and show the certificates and tokens of a cluster",
  builder: (yargs) =>
    yargs
      .command(create)
      .command(node)
      .command(client)
      .command(token)
      .command(renew)
      .command(show)
      .demandCommand(1, "what about certificates? create, node, client, token, renew or show")
      .example("$0 certs create --dir certs --cluster demo --nodes 1-3", "all that a cluster needs")
      .example("$0 certs show --dir certs", "whose they are, and until when"),
  handler: () => {},
};

type DirArgs = { readonly dir: string };
type DaysArgs = DirArgs & { readonly days: number };

const DIR = {
  describe: "directory of the certificates; keys in it are for their owner only",
  type: "string",
  demandOption: true,
} as const;
const HOST = {
  describe: "also the name or address of a node, for curl and browsers",
  type: "string",
  array: true,
  default: [] as string[],
} as const;

const withDays = <T>(yargs: Argv<T>) =>
  yargs
    .option("dir", DIR)
    .option("days", { describe: "how long they are good", type: "number", default: 400 });

type CreateArgs = DaysArgs & { cluster: string; nodes: string; host: string[] };

const create: CommandModule<object, CreateArgs> = {
  command: "create",
  describe: "Make what is missing: an authority, nodes' and a client's certificates, a token",
  builder: (yargs) =>
    withDays(yargs)
      .option("cluster", { describe: "its name", type: "string", demandOption: true })
      .option("nodes", { describe: "ids: 1-3 or 1,2,5", type: "string", demandOption: true })
      .option("host", { ...HOST, describe: "ID=HOST: a name or address of that node" })
      .example(
        "$0 certs create --dir certs --cluster demo --nodes 1-3 --host 1=10.0.0.1 --host 2=10.0.0.2",
        "with addresses, so that curl and browsers know the nodes too",
      ),
  handler: async (args) => {
    const { createAll } = await import("./certs/run.ts");
    await createAll(args);
  },
};

const node: CommandModule<object, DaysArgs & { id: number; host: string[] }> = {
  command: "node",
  describe: "Make the certificate of one more node, or a new one",
  builder: (yargs) =>
    withDays(yargs)
      .option("id", { describe: "of the node", type: "number", demandOption: true })
      .option("host", HOST)
      .example("$0 certs node --dir certs --id 4 --host 10.0.0.4", "before node 4 joins"),
  handler: async ({ dir, id, host, days }) => {
    const { createNode } = await import("./certs/run.ts");
    await createNode(dir, id, host, days);
  },
};

const client: CommandModule<object, DaysArgs & { name: string }> = {
  command: "client",
  describe: "Make the certificate of a client",
  builder: (yargs) =>
    withDays(yargs)
      .option("name", { describe: "whose it is", type: "string", demandOption: true })
      .example("$0 certs client --dir certs --name billing", "certs/billing.pem and its key"),
  handler: async ({ dir, name, days }) => {
    const { createClient } = await import("./certs/run.ts");
    await createClient(dir, name, days);
  },
};

const token: CommandModule<object, DirArgs> = {
  command: "token",
  describe: "Put a new token before those that are good already; it is not printed",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .example("$0 certs token --dir certs", "then restart nodes, then clients, then drop the old"),
  handler: async ({ dir }) => {
    const { createToken } = await import("./certs/run.ts");
    createToken(dir);
  },
};

const renew: CommandModule<object, DaysArgs & { within: number }> = {
  command: "renew",
  describe: "Make certificates anew that end soon, for the same owners and hosts, with new keys",
  builder: (yargs) =>
    withDays(yargs)
      .option("within", {
        describe: "those that end within so many days; 0: only those that have ended",
        type: "number",
        default: 30,
      })
      .example("$0 certs renew --dir certs --within 9999", "all of them, now"),
  handler: async ({ dir, days, within }) => {
    const { renewAll } = await import("./certs/run.ts");
    await renewAll(dir, days, within);
  },
};

const show: CommandModule<object, DirArgs & { json: boolean }> = {
  command: "show",
  describe: "Whose certificates there are, and how long they are good",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("json", { describe: "print one JSON document", type: "boolean", default: false })
      .example("$0 certs show --dir certs --json", "for a script")
      .epilogue("Exit codes: 0 all are good, 3 one has ended or ends within 30 days."),
  handler: async ({ dir, json }) => {
    const { showAll } = await import("./certs/show.ts");
    showAll(dir, json);
  },
};
