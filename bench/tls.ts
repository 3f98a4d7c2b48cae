import { defineFigureSuite, type Figure, type FigureContext, figure } from "../src/bench/dsl.ts";
import { abba, ratioOf, samplesOf, spreadText } from "../src/bench/measure.ts";
import { median } from "../src/lib/stats.ts";
import { localTarget } from "../src/target/local.ts";
import type { Cluster } from "../src/target/target.ts";
import { putsOf } from "./footprint/puts.ts";

const NODES = 3;
const CONNECTIONS = 16;
/** One: what it adds to the time of a put. Many: what it takes from the cores. */
const CLIENTS = [1, 256];
const FULL = { warmupMs: 1_000, measureMs: 3_000, rounds: 3 } as const;
const QUICK = { warmupMs: 200, measureMs: 500, rounds: 1 } as const;

/** What encryption costs: puts to a cluster that speaks TLS everywhere against one in plain text, in turns. */
export default defineFigureSuite({
  name: "tls",
  about:
    "Puts of 1 and of 256 clients to three nodes in memory that speak TLS to each other and to clients, against plain text, in turns.",
  run: async (context) => {
    const plan = context.quick ? QUICK : FULL;
    const secured = await start(true, context);
    try {
      const plain = await start(false, context);
      try {
        const figures: Figure[] = [];
        for (const clients of CLIENTS) {
          context.progress(`${clients} clients: TLS against plain text`);
          const each = { ...plan, clients, connections: Math.min(CONNECTIONS, clients) };
          const rounds = await abba(
            () => putsOf(secured, each, context.seed),
            () => putsOf(plain, each, context.seed),
            plan.rounds,
          );
          const ratio = ratioOf(rounds, median);
          const of = `${clients} client${clients > 1 ? "s" : ""}`;
          figures.push(
            figure(`${of}, plain text: puts`, median(samplesOf(rounds, "b")), "/s"),
            figure(`${of}, TLS: puts`, median(samplesOf(rounds, "a")), "/s"),
            figure(`${of}: TLS against plain text`, ratio.ratio, "ratio", {
              note: spreadText(ratio, rounds),
            }),
          );
        }
        return figures;
      } finally {
        await plain.stop();
      }
    } finally {
      await secured.stop();
    }
  },
});

const start = (tls: boolean, { dir, seed }: FigureContext): Promise<Cluster> =>
  localTarget.start({
    ...{ nodes: NODES, storage: "memory", faultyLinks: false, seed, tls },
    dir: `${dir}/${tls ? "tls" : "plain"}`,
  });
