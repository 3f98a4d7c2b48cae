/** Faults that `ordeal demo --planted` can put into its nodes. */
export const PLANTED = ["stale-read"] as const;
