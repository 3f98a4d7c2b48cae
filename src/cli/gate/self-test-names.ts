/** What the gate's test of itself has: apart from it, so that the help need not load it. */
export const SELF_TESTS = ["aa", "delay", "bug", "all"] as const;
export type SelfTestName = (typeof SELF_TESTS)[number];
