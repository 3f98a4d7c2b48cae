import { OP_APPEND, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Account } from "./account.ts";
import {
  type Digest,
  digestOf,
  extend,
  isOnePart,
  lastPart,
  NO_PART,
  NOTHING,
  type ReadValue,
} from "./content.ts";
import { type Outstanding, Queue, type UnknownWrite } from "./outstanding.ts";
import {
  backwards,
  misplacedPut,
  nobodyWrote,
  oneVersionTwice,
  twoValues,
  unaccountedFor,
  wronglyRefused,
} from "./sentences.ts";

/** What is known of one version of a key. */
type Version = {
  readonly version: number;
  /** Acknowledged: by whom, as what. */
  writer: number;
  op: number;
  /** The argument of its write: told by the writer, or the last part that a get returned. */
  part: number;
  /** What the key holds at this version; meaningless unless `known`. */
  content: Digest;
  known: boolean;
  reader: number;
  lower: Version | null;
  higher: Version | null;
};

const NOBODY = -1;
/** Version 0, the absent key, was written by nobody and is not missing a writer. */
const BEGINNING = -2;

/** Versions of one key kept while an operation may still tell of them, at most. */
const VERSIONS_MAX = 4096;

/**
 * One key without deletes whose replies tell versions, as a line of versions 0, 1, 2 … each written
 * by one operation. Every method takes a reply and returns why no order explains it together with
 * what came before, or null. Claims that are made, each of them true in every linearization:
 *
 * order     An operation that took effect at version p, and returned before another was invoked,
 *           keeps that other from versions below p, and from writing p. By unit position this is
 *           all that real time demands (checker.md, B: L_p > U_p shows in two operations), so what
 *           is missed is missed only for lack of a version.
 * writer    A version has one writer, and one content; an append's is that of the version below
 *           with its part added.
 * account   A version that nobody was acknowledged for was written by an operation whose outcome
 *           is unknown, or by one that is outstanding and may still write it: not one invoked after
 *           the version had been told. Once there is none of the latter, unknown writes are used up,
 *           one a version.
 *
 * Versions are forgotten once every outstanding operation was invoked after a newer one had been
 * told: no reply can speak of them any more without breaking `order`. So memory is bounded by
 * what happened during the oldest outstanding operation, and by VERSIONS_MAX.
 */
export class KeyVersions {
  readonly #queue: Queue;
  #lowest: Version | null;
  #highest: Version | null;
  #count = 1;
  /** Versions below are forgotten, and those without a writer accounted for. */
  #from = 0;
  readonly #account = new Account();
  #isUntouched = true;
  #newest = 0;
  #newestBy = NOBODY;
  #newestWritten = false;

  /** `queue`: the outstanding operations of the key, without the one that is completing. */
  constructor(queue: Queue) {
    this.#queue = queue;
    const beginning = newVersion(0, null, null);
    beginning.writer = BEGINNING;
    beginning.op = OP_PUT;
    beginning.content = NOTHING;
    beginning.known = true;
    this.#lowest = beginning;
    this.#highest = beginning;
  }

  /** Writes whose outcome is unknown, unless they were too many. */
  get account(): Account {
    return this.#account;
  }

  /** Whether no reply was told yet. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  /** Notes on an operation what had been told when it was invoked. */
  begin(o: Outstanding): void {
    o.floor = this.#newest;
    o.floorBy = this.#newestBy;
    o.floorWritten = this.#newestWritten;
  }

  /** A get returned `value` at `version` (0: absent). */
  read(o: Outstanding, version: number, value: ReadValue): string | null {
    if (version < o.floor) return backwards(o, version);
    const found = this.#at(version);
    if (found === null) return null;
    const content = digestOf(value);
    if (found.known) {
      return content === found.content ? null : twoValues(version, said(found), o.process, value);
    }
    found.known = true;
    found.content = content;
    found.reader = o.process;
    const part = lastPart(value);
    if (found.writer !== NOBODY) {
      if (part !== found.part) return twoValues(version, said(found), o.process, value);
      return this.#derive(found);
    }
    found.part = part;
    const mayBe =
      part !== NO_PART && (this.#account.isLossy || this.#mayBeWritten(found, isOnePart(value)));
    return mayBe ? this.#derive(found) : nobodyWrote(o, version, value);
  }

  /** A versioned put was refused: the key was at `version`. */
  refused(o: Outstanding, version: number): string | null {
    if (version === o.expected) return wronglyRefused(o, version);
    return version < o.floor ? backwards(o, version) : null;
  }

  /** A put or append was acknowledged as `version`. */
  written(o: Outstanding, version: number): string | null {
    if (version <= o.floor) return backwards(o, version);
    if (o.expected >= 0 && version !== o.expected + 1) return misplacedPut(o, version);
    const found = this.#at(version);
    if (found === null) return null;
    if (found.writer !== NOBODY) return oneVersionTwice(o, found.writer, version);
    found.writer = o.process;
    found.op = o.op;
    if (found.known && found.part !== o.value) {
      return twoValues(version, { reader: found.reader, part: found.part }, o.process, o.value);
    }
    found.part = o.value;
    return this.#derive(found);
  }

  /** After an operation completed; `version` −1: it told none. */
  told(o: Outstanding, version: number, isWrite: boolean): string | null {
    if (version >= 0) this.#isUntouched = false;
    if (version > this.#newest) {
      this.#newest = version;
      this.#newestBy = o.process;
      this.#newestWritten = isWrite;
    }
    return this.#forgetBelow(this.#queue.oldest?.floor ?? this.#newest);
  }

  /** What is known of `version`, a new entry perhaps; null: it is forgotten. */
  #at(version: number): Version | null {
    if (version < this.#from) return null;
    let lower = this.#highest;
    while (lower !== null && lower.version > version) lower = lower.lower;
    if (lower !== null && lower.version === version) return lower;
    const higher = lower === null ? this.#lowest : lower.higher;
    const entry = newVersion(version, lower, higher);
    if (lower === null) this.#lowest = entry;
    else lower.higher = entry;
    if (higher === null) this.#highest = entry;
    else higher.lower = entry;
    this.#count++;
    return entry;
  }

  /** Works out what versions from `first` on must hold, and compares with what was read. */
  #derive(first: Version): string | null {
    let entry: Version | null = first;
    while (entry !== null) {
      const content: Digest | null = contentOf(entry);
      if (content !== null && entry.known && entry.content !== content) {
        return unaccountedFor(entry.version, entry.reader);
      }
      const isNews: boolean = content !== null && !entry.known;
      if (isNews) {
        entry.content = content!;
        entry.known = true;
      }
      if (!isNews && entry !== first) return null;
      const higher: Version | null = entry.higher;
      entry = higher !== null && higher.version === entry.version + 1 ? higher : null;
    }
    return null;
  }

  /** Whether an outstanding or unknown write may have left what was read at `entry`. */
  #mayBeWritten(entry: Version, onePart: boolean): boolean {
    for (let o = this.#queue.oldest; o !== null; o = o.newer) {
      if (o.op !== OP_GET && fits(o, entry, onePart)) return true;
    }
    return this.#account.unknown.some((write) => fits(write, entry, onePart));
  }

  /** Forgets the versions below; tells of one that no write accounts for. */
  #forgetBelow(version: number): string | null {
    for (let entry = this.#lowest; entry !== null; entry = this.#lowest) {
      const isOver = entry.version < version;
      if (!isOver && this.#count <= VERSIONS_MAX) break;
      const from = this.#from;
      this.#from = entry.version + 1;
      this.#lowest = entry.higher;
      if (entry.higher === null) this.#highest = null;
      else entry.higher.lower = null;
      this.#count--;
      // Of what is given up too early nothing can be said.
      if (isOver && !(this.#account.holes(from, entry.version) && this.#hasWriter(entry))) {
        return unaccountedFor(entry.version, entry.reader);
      }
    }
    if (version <= this.#from) return null;
    const from = this.#from;
    this.#from = version;
    return this.#account.holes(from, version) ? null : unaccountedFor(version - 1, NOBODY);
  }

  #hasWriter(entry: Version): boolean {
    const { version, writer, known } = entry;
    if (writer !== NOBODY) return true;
    if (!known) return this.#account.holes(version, version + 1);
    return this.#account.claim((write) => fits(write, entry, true));
  }
}

const newVersion = (version: number, lower: Version | null, higher: Version | null): Version => ({
  ...{ version, writer: NOBODY, op: OP_GET, part: NO_PART, content: NOTHING, known: false },
  ...{ reader: NOBODY, lower, higher },
});

/** What the writer of a version and the content below say that it holds; null: not known. */
function contentOf({ version, writer, op, part, lower }: Version): Digest | null {
  if (writer < 0) return null;
  if (op === OP_PUT) return extend(NOTHING, part);
  if (lower === null || lower.version !== version - 1 || !lower.known) return null;
  return extend(lower.content, part);
}

/** Whether `write` may have made `entry`. `onePart`: what was read there may be a put's. */
function fits(write: UnknownWrite, entry: Version, onePart: boolean): boolean {
  const { version, lower, part, content } = entry;
  if (write.value !== part || write.floor >= version) return false;
  if (write.expected >= 0 && write.expected !== version - 1) return false;
  if (write.op !== OP_APPEND) return onePart;
  if (lower === null || lower.version !== version - 1 || !lower.known) return true;
  return extend(lower.content, part) === content;
}

const said = ({ writer, reader, part }: Version) =>
  writer >= 0 ? { writer, part } : { reader, part };
