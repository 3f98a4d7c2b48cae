/**
 * Header compression of HTTP/2 (RFC 7541), as far as a gRPC client needs it: a decoder of answers that
 * looks for gRPC's status, and an encoder of requests whose fields are always the same few.
 */
const TABLE_BYTES = 4096;
const ENTRY_BYTES = 32;
/** Names of the static table (appendix A), in order, the first one having the index 1. */
const STATIC_NAMES = [
  ":authority :method :method :path :path :scheme :scheme :status :status :status :status :status",
  ":status :status accept-charset accept-encoding accept-language accept-ranges accept",
  "access-control-allow-origin age allow authorization cache-control content-disposition",
  "content-encoding content-language content-length content-location content-range content-type",
  "cookie date etag expect expires from host if-match if-modified-since if-none-match if-range",
  "if-unmodified-since last-modified link location max-forwards proxy-authenticate",
  "proxy-authorization range referer refresh retry-after server set-cookie",
  "strict-transport-security transfer-encoding user-agent vary via www-authenticate",
].flatMap((line) => line.split(" "));

/** Length in bits of the code of every byte (appendix B), a digit of base 36 each; the end's is 30. */
const CODE_BITS = [
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca",
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds",
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq",
].join("");
const CODE_BITS_MAX = 30;

/** The code is canonical: the symbols of one length are numbered on, in order. */
const CODE = ((): { first: Int32Array; from: Int32Array; symbols: number[] } => {
  const bits = [...CODE_BITS].map((digit) => Number.parseInt(digit, 36));
  const first = new Int32Array(CODE_BITS_MAX + 2);
  const from = new Int32Array(CODE_BITS_MAX + 2);
  const symbols: number[] = [];
  for (let length = 1; length <= CODE_BITS_MAX + 1; length++) {
    first[length] = (first[length - 1]! + symbols.length - from[length - 1]!) * 2;
    from[length] = symbols.length;
    for (const [symbol, own] of bits.entries()) if (own === length) symbols.push(symbol);
  }
  return { first, from, symbols };
})();

/** Throws an Error for bytes that no encoder writes. */
export function decodeHuffman(bytes: Uint8Array): string {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const at = code - CODE.first[length]!;
      if (at >= 0 && at < CODE.from[length + 1]! - CODE.from[length]!) {
        text += String.fromCharCode(CODE.symbols[CODE.from[length]! + at]!);
        code = length = 0;
      }
      if (length >= CODE_BITS_MAX) throw new Error("HPACK: not a Huffman code");
    }
  }
  return text;
}

type Field = { readonly name: string; readonly value: string };

/** Decodes the header blocks of one connection, in their order. */
export class HpackDecoder {
  /** The newest first. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #bytesMax = TABLE_BYTES;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Calls `take` for each field but those of the static table, which say nothing about a call. */
  decode(block: Uint8Array, take: (field: Field) => void): void {
    this.#bytes = block;
    this.#at = 0;
    while (this.#at < block.length) {
      const byte = block[this.#at]!;
      if (byte >= 0x80) {
        const field = this.#table[this.#integer(7) - STATIC_NAMES.length - 1];
        if (field !== undefined) take(field);
      } else if (byte >= 0x40) {
        const field = this.#literal(6);
        this.#insert(field);
        take(field);
      } else if (byte >= 0x20) {
        this.#bytesMax = this.#integer(5);
        this.#evict();
      } else {
        take(this.#literal(4));
      }
    }
  }

  #insert(field: Field): void {
    this.#table.unshift(field);
    this.#tableBytes += sizeOf(field);
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#bytesMax) this.#tableBytes -= sizeOf(this.#table.pop()!);
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    const own = STATIC_NAMES.length;
    const known = index <= own ? STATIC_NAMES[index - 1] : this.#table[index - own - 1]?.name;
    if (index > 0 && known === undefined) throw new Error(`HPACK: there is no field ${index}`);
    const name = known ?? this.#text();
    return { name, value: this.#text() };
  }

  #text(): string {
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error("HPACK: a block that is cut short");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes).toString("latin1");
  }

  /** An integer in the lower bits of a byte, or in those behind it too. */
  #integer(prefixBits: number): number {
    const full = 2 ** prefixBits - 1;
    let value = (this.#bytes[this.#at++] ?? 0) & full;
    if (value < full) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

const sizeOf = ({ name, value }: Field): number => name.length + value.length + ENTRY_BYTES;

/**
 * Encodes the same few fields again and again: the first time as text that the other side remembers,
 * then as a byte each. Short ASCII fields, less than 4 KiB in all.
 */
export class HpackEncoder {
  readonly #places = new Map<string, number>();

  /** That have been said once. */
  get fields(): number {
    return this.#places.size;
  }

  /** The block of POST over http with these fields. Give it to the connection before the next one. */
  encode(fields: readonly (readonly [name: string, value: string])[]): Buffer {
    const parts = fields.map(([name, value]) => {
      const id = `${name}\n${value}`;
      const place = this.#places.get(id);
      // 61 static ones, then the newest first.
      if (place !== undefined) return Buffer.of(0x80 + 61 + this.#places.size - place);
      this.#places.set(id, this.#places.size);
      return Buffer.from(`\x40${lengthOf(name)}${name}${lengthOf(value)}${value}`, "latin1");
    });
    return Buffer.concat([Buffer.of(0x83, 0x86), ...parts]);
  }
}

const lengthOf = (text: string): string => String.fromCharCode(text.length);
