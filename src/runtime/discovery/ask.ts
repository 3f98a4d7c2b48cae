import { fetchNode } from "../../security/keyring.ts";
import { whyNoAnswer } from "../../security/no-answer.ts";
import type { NodesReport } from "../nodes-report.ts";
import type { Seed } from "./seed.ts";

const ANSWER_WITHIN_MS = 1000;

/** What a node tells of its cluster; a string says why it does not. */
export async function askNodes(seed: Seed): Promise<NodesReport | string> {
  try {
    const response = await fetchNode(seed, "/admin/nodes", {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.status === 401) return "refuses us: the token is not right";
    if (!response.ok) return `is no node: it answered ${response.status}`;
    const said = (await response.json()) as NodesReport;
    return typeof said.clusterId === "string" ? said : "is no node of Ordeal";
  } catch (error) {
    if (error instanceof SyntaxError) return "is no node of Ordeal";
    return `does not answer: ${whyNoAnswer(seed, error as Error)}`;
  }
}
