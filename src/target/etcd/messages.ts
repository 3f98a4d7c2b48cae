/**
 * The few messages of etcd's v3 API that a key-value workload needs, as protocol buffers
 * (etcd 3.4, etcdserver/etcdserverpb/rpc.proto and mvcc/mvccpb/kv.proto).
 *
 * An etcd key's `version` is 1 after the put that creates it, one more after each further one, and
 * begins anew after a delete: what kv/command.ts calls version. A `revision` numbers the writes of
 * the whole store in the order in which they took effect.
 */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const GRPC_PREFIX_BYTES = 5;
/** The lowest key of etcd; as the end of a range it means that there is none. */
const LOWEST = new Uint8Array(1);

export const METHOD = {
  put: "/etcdserverpb.KV/Put",
  range: "/etcdserverpb.KV/Range",
  deleteRange: "/etcdserverpb.KV/DeleteRange",
  txn: "/etcdserverpb.KV/Txn",
} as const;
export type Method = (typeof METHOD)[keyof typeof METHOD];

/** What an answer says, whichever method it is of. One object, reused. */
export type EtcdAnswer = {
  /** Of the store when the operation took effect, that one counted if it was a write. */
  revision: number;
  /** Of a txn: whether its condition held. */
  succeeded: boolean;
  /** Of the key found, or of the one before a put; 0: there was none. */
  version: number;
  /** Keys that a delete removed. */
  deleted: number;
  /** Keys that a range holds. */
  found: number;
  /** The value found is `bytes[valueAt, valueAt + valueBytes)` of what was parsed. */
  valueAt: number;
  valueBytes: number;
};

/** Writes into one buffer that grows. What comes out is framed for gRPC, and valid until the next message. */
export class EtcdWriter {
  #bytes = Buffer.alloc(4096);
  #at = GRPC_PREFIX_BYTES;

  /** PutRequest{key 1, value 2, prev_kv 4}. */
  put(key: Uint8Array, value: Uint8Array, wantsPrevious: boolean): Buffer {
    this.#put(key, value, wantsPrevious);
    return this.#take();
  }

  /** RangeRequest{key 1, serializable 7}. */
  range(key: Uint8Array, isSerializable: boolean): Buffer {
    this.#field(1, key);
    if (isSerializable) this.#number(7, 1);
    return this.#take();
  }

  /** RangeRequest{key 1, range_end 2, limit 3, serializable 7}; an empty `end`: no bound. */
  scan(from: Uint8Array, end: Uint8Array, limit: number, isSerializable: boolean): Buffer {
    this.#field(1, from.length === 0 ? LOWEST : from);
    this.#field(2, end.length === 0 ? LOWEST : end);
    this.#number(3, limit);
    if (isSerializable) this.#number(7, 1);
    return this.#take();
  }

  /** DeleteRangeRequest{key 1}. */
  deleteRange(key: Uint8Array): Buffer {
    this.#field(1, key);
    return this.#take();
  }

  /**
   * TxnRequest{compare 1, success 2, failure 3}: put if the key's version is `expected`, else tell
   * it: Compare{result 1: EQUAL, target 2: VERSION, key 3, version 4}.
   */
  putIfVersion(key: Uint8Array, value: Uint8Array, expected: number): Buffer {
    this.#nested(1, () => {
      this.#field(3, key);
      this.#number(4, expected);
    });
    this.#nested(2, () => this.#nested(2, () => this.#put(key, value, false)));
    this.#nested(3, () =>
      this.#nested(1, () => {
        this.#field(1, key);
        this.#number(8, 1); // keys_only
      }),
    );
    return this.#take();
  }

  #put(key: Uint8Array, value: Uint8Array, wantsPrevious: boolean): void {
    this.#field(1, key);
    this.#field(2, value);
    if (wantsPrevious) this.#number(4, 1);
  }

  /** A message within the message; its length goes in front, so its bytes are moved. */
  #nested(field: number, write: () => void): void {
    const start = this.#at;
    write();
    const inner = Buffer.from(this.#bytes.subarray(start, this.#at));
    this.#at = start;
    this.#field(field, inner);
  }

  #field(field: number, bytes: Uint8Array): void {
    this.#room(bytes.length + 20);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #number(field: number, value: number): void {
    this.#room(20);
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    this.#bytes = Buffer.concat([this.#bytes], 2 * (this.#at + bytes));
  }

  #take(): Buffer {
    const length = this.#at - GRPC_PREFIX_BYTES;
    this.#bytes[0] = 0; // Not compressed.
    this.#bytes.writeUInt32BE(length, 1);
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = GRPC_PREFIX_BYTES;
    return taken;
  }
}

const answer: EtcdAnswer = {
  ...{ revision: 0, succeeded: false, version: 0, deleted: 0, found: 0 },
  ...{ valueAt: 0, valueBytes: 0 },
};
const NESTED = {
  /** ResponseHeader{revision 3}. */
  header: (field: number, value: number): void => {
    if (field === 3) answer.revision = value;
  },
  /** KeyValue{version 4, value 5}. */
  keyValue: (field: number, value: number, at: number): void => {
    if (field === 4) answer.version = value;
    if (field !== 5) return;
    answer.valueAt = at;
    answer.valueBytes = value;
  },
};

/** Parses the answer of `method`, `bytes[0, length)` with its gRPC prefix; null when it is not whole. */
export function parseAnswer(
  method: Method,
  bytes: Buffer,
  length: number = bytes.length,
): EtcdAnswer | null {
  if (length < GRPC_PREFIX_BYTES) return null;
  const end = GRPC_PREFIX_BYTES + bytes.readUInt32BE(1);
  if (bytes[0] !== 0 || length !== end) return null;
  answer.revision = answer.version = answer.deleted = answer.found = 0;
  answer.valueAt = answer.valueBytes = 0;
  answer.succeeded = false;
  eachField(bytes, GRPC_PREFIX_BYTES, end, (field, value, at) => {
    if (field === 1) eachField(bytes, at, at + value, NESTED.header);
    else if (method === METHOD.deleteRange) answer.deleted = field === 2 ? value : answer.deleted;
    else if (method === METHOD.txn) txnField(bytes, field, value, at);
    else if (field === 2) {
      answer.found++;
      eachField(bytes, at, at + value, NESTED.keyValue);
    }
  });
  return answer;
}

/** TxnResponse{succeeded 2, responses 3: ResponseOp{response_range 1: RangeResponse{kvs 2}}}. */
function txnField(bytes: Buffer, field: number, value: number, at: number): void {
  if (field === 2) answer.succeeded = value !== 0;
  if (field !== 3) return;
  eachField(bytes, at, at + value, (op, opBytes, opAt) => {
    if (op !== 1) return;
    eachField(bytes, opAt, opAt + opBytes, (part, partBytes, partAt) => {
      if (part === 2) eachField(bytes, partAt, partAt + partBytes, NESTED.keyValue);
    });
  });
}

/**
 * Calls `take` for each field of the message in [from, end): with its number, or with its length and
 * where it begins.
 */
function eachField(
  bytes: Buffer,
  from: number,
  end: number,
  take: (field: number, value: number, at: number) => void,
): void {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const value = varint(); // The messages above have no fields of fixed width.
    take(Math.floor(tag / 8), value, at);
    if ((tag & 7) === LENGTH_DELIMITED) at += value;
  }
}
