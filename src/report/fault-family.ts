/** Which faults are alike, for colour: on processes, that cut links, that disturb frames. */
export type Family = "process" | "cut" | "frames";

const FAMILIES: Readonly<Record<string, Family>> = {
  crash: "process",
  pause: "process",
  isolate: "cut",
  partition: "cut",
};

/** The family of a FaultBand's kind; kinds that this build does not know disturb frames. */
export const familyOf = (kind: string): Family => FAMILIES[kind] ?? "frames";
