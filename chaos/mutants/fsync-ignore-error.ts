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
    this.#syncChoice`,
      replace: "this.#syncChoice",
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
