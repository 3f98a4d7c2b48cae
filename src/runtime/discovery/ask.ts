import { fetchNode } from "../../security/keyring.ts";
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
    const { name, message, code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED") return "does not answer: nothing listens there";
    if (name === "TimeoutError") return `does not answer within ${ANSWER_WITHIN_MS} ms`;
    return error instanceof SyntaxError ? "is no node of Ordeal" : `does not answer: ${message}`;
  }
}
