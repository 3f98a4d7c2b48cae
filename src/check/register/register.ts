import type { PathVerdict } from "../path.ts";
export const registerPath = (): PathVerdict => null;
