import { describe } from "bun:test";
import { netnsTarget } from "./netns.ts";
import { targetConformance } from "../testing/conformance.ts";
describe("netns", () => targetConformance(netnsTarget, { nodes: 3 }));
