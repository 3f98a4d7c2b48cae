/**
 * CRC-32 (IEEE 802.3, as zlib's) of `bytes`, an unsigned 32-bit integer. The one place that
 * reaches for Bun in a pure layer: the function itself is pure, and 20 times faster than a table
 * in JavaScript (33 ns for 276 B).
 */
export const crc32 = (bytes: Uint8Array): number => Bun.hash.crc32(bytes);
