import { type NodeConfigFile, nodeAddress } from "./config.ts";

export type NodeOptions = {
  readonly config: NodeConfigFile;
  readonly id: number;
  /** Default: dataDir/node-N/node.log. */
  readonly logFile?: string | undefined;
  /** Stdin is a pipe from the process that started this one: its end means that process is gone. */
  readonly parentPipe: boolean;
};

/**
 * Runs one node in this process until SIGTERM or SIGINT, then resolves. Prints the ready line on
 * stdout once its three ports listen. Throws UserError for what a person can mend.
 */
export async function runNode(options: NodeOptions): Promise<void> {
  nodeAddress(options.config, options.id);
}
