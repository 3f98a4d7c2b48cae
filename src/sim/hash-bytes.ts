/**
 * A 32-bit hash of `bytes[at, end)`, as a signed integer (FNV-1a). Commands are short: without the
 * view that crc32 needs it costs less than half, and leaves nothing to collect.
 */
export function hashBytes(bytes: Uint8Array, at: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}
