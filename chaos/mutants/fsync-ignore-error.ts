import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 27,
  name: "fsync-ignore-error",
  about: "A failed fsync is taken for a success.",
  seenIn: "PostgreSQL",
  patches: [
    {
      file: "src/storage/wal.ts",
      find: `if (error !== null) return this.#fail(error);
    this.#syncMs`,
      replace: "this.#syncMs",
    },
    {
      file: "src/storage/wal.ts",
      find: `if (syncNow) port.syncNow(segment.file);
    } catch`,
      replace: `try {
        if (syncNow) port.syncNow(segment.file);
      } catch {}
    } catch`,
    },
  ],
  detectors: ["DUR"],
  arena: { kind: "wal" },
});
