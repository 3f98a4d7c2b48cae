import { UserError } from "../../lib/user-error.ts";
import { checkConfig, type NodeConfigFile, parseConfig } from "../../runtime/config.ts";
import { type DocumentFormat, parseText } from "../../runtime/read-document.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";

const CONFIG: NodeConfigFile = {
  clusterId: "fuzz",
  nodes: [1, 2, 3].map((id) => ({
    ...{ id, host: "127.0.0.1" },
    ...{ peerPort: 7100 + id, clientPort: 7200 + id, httpPort: 7300 + id },
  })),
  dataDir: "data",
  storage: "disk",
  fsync: "batch",
  voters: [1, 2, 3],
  links: { 1: { 2: "127.0.0.1:9000" } },
  listenHosts: { clientPort: "0.0.0.0" },
  raft: { electionTimeoutMinMs: 150, heartbeatIntervalMs: 50, leaseReads: true },
};
const TOML = `clusterId = "fuzz"
dataDir = "data"
storage = "memory"
[[nodes]]
id = 1
host = "127.0.0.1"
peerPort = 7101
clientPort = 7201
httpPort = 7301
[raft]
electionTimeoutMinMs = 150
heartbeatIntervalMs = 50
`;
const FORMATS: readonly DocumentFormat[] = [".json", ".yaml", ".toml"];

/** Config files: every input is read as JSON, as YAML and as TOML. */
export const config: FuzzTarget = {
  name: "config",
  samples: [JSON.stringify(CONFIG, null, 1), Bun.YAML.stringify(CONFIG, null, 2), TOML].map(
    (text) => new TextEncoder().encode(text),
  ),
  allocatesMax: (bytes) => (1 << 20) + 64 * bytes,
  run(input) {
    const text = new TextDecoder().decode(input);
    return FORMATS.map((format) => outcomeOf(() => read(text, format), [UserError])).join(" · ");
  },
};

function read(text: string, format: DocumentFormat): string {
  const value = parseText(text, format, `config${format}`, "cannot read the cluster config");
  const checked = parseConfig(value, "config");
  expect(
    checkConfig(JSON.parse(JSON.stringify(checked))).config !== null,
    "written and read again it is refused",
  );
  return `${checked.nodes.length} nodes`;
}
