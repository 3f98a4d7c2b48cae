import type { PathVerdict } from "../path.ts";
export const insertionPath = (): PathVerdict => null;
