/** Which faults are alike, for colour: on processes, disks, clocks, that cut links; others disturb frames. */
export type Family = "process" | "disk" | "clock" | "cut" | "frames";

const FAMILIES: Readonly<Record<string, Family>> = {
  crash: "process",
  stop: "process",
  powerLoss: "process",
  pause: "process",
  diskStall: "disk",
  diskError: "disk",
  diskFull: "disk",
  bitFlip: "disk",
  wipe: "disk",
  clockJump: "clock",
  clockRate: "clock",
  clockStrobe: "clock",
  isolate: "cut",
  partition: "cut",
  clog: "cut",
  halfOpen: "cut",
};

/** The family of a FaultBand's kind; kinds that this build does not know disturb frames. */
export const familyOf = (kind: string): Family => FAMILIES[kind] ?? "frames";
