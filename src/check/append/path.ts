import type { KeyHistory, PathVerdict } from "../path.ts";
import { isIllegal, placeByVersion } from "../versioned/placed.ts";
import { settle } from "../versioned/settle.ts";
import { isWitness } from "../witness.ts";
import { blocksOf, orderOfBlocks, witnessOf } from "./blocks.ts";
import { epochsOf } from "./epochs.ts";
import { placeByText } from "./versions.ts";

/**
 * Appends, puts and reads whose texts tell which writes they are made of, unknown outcomes included.
 * What one put begins only grows until the next, so a read shows the order of all writes since that
 * put (epochs.ts). Without versions, what is left is the order of such epochs (blocks.ts); with them,
 * a told version places a whole epoch, and what is left is as for versioned puts (versions.ts).
 * O(n log n) and the length of the texts; exact. Null: the key has no appends, or deletes or
 * compare-and-set; two writes wrote the same, or texts can be read in more than one way; or versions
 * are told here and there and do not place everything.
 */
export function appendPath(key: KeyHistory): PathVerdict {
  const { traits } = key;
  if (!traits.appends || traits.deletes || traits.cas || traits.refusedCas) return null;
  const epochs = epochsOf(key);
  if (epochs === null || "kind" in epochs) return epochs;
  const hasVersions = traits.versions || traits.versionedPuts;
  if (hasVersions) {
    const told = placeByVersion(key);
    if (isIllegal(told)) return told;
    const known = placeByText(key, epochs, told);
    if (known !== null) {
      if (isIllegal(known)) return known;
      return settle(key, known.placed, known.wanted);
    }
  }
  const blocks = blocksOf(key, epochs);
  const order = orderOfBlocks(key, blocks);
  if (!(order instanceof Int32Array)) return order;
  const witness = witnessOf(blocks, order);
  // It says nothing of versions, so the versions must say that it is right.
  if (hasVersions && !isWitness(key.model, key.operations, witness)) return null;
  return { kind: "legal", witness };
}
