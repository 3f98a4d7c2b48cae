/** Which faults are alike, for colour: on processes, on disks, that cut links; all others disturb. */
export type Family = "process" | "disk" | "cut" | "frames";

const FAMILIES: Readonly<Record<string, Family>> = {
  crash: "process",
  powerLoss: "process",
  pause: "process",
  diskStall: "disk",
  diskError: "disk",
  diskFull: "disk",
  bitFlip: "disk",
  wipe: "disk",
  isolate: "cut",
  partition: "cut",
  clog: "cut",
  halfOpen: "cut",
};

/** The family of a FaultBand's kind; kinds that this build does not know disturb frames. */
export const familyOf = (kind: string): Family => FAMILIES[kind] ?? "frames";
