import { fromBase64, toBase64 } from "../../model/base64.ts";

/** A kind of object without members of its own: how it is written under its tag, and read. */
interface Leaf {
  /** The class; what is of a subclass would come back as another class, and is none. */
  of: { prototype: object };
  write(value: object): string | null;
  /** @throws for what is no such text; undefined means the same */
  read(content: unknown): unknown;
}

const NUMBERED = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** RFC 3339 with a zone, and the years beyond that `toISOString` writes: other texts mean other things elsewhere. */
const MOMENT = /^([+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const LEAVES: ReadonlyMap<string, Leaf> = new Map<string, Leaf>([
  [
    "$date",
    {
      of: Date,
      write: (value) => (Number.isNaN(Number(value)) ? null : (value as Date).toISOString()),
      read: (content) => (content === null ? new Date(Number.NaN) : readDate(text(content))),
    },
  ],
  [
    "$bytes",
    {
      of: Uint8Array,
      write: (value) => toBase64(value as Uint8Array),
      read: (content) => fromBase64(text(content)),
    },
  ],
  [
    "$buffer",
    {
      of: ArrayBuffer,
      write: (value) => toBase64(new Uint8Array(value as ArrayBuffer)),
      read: (content) => fromBase64(text(content)).buffer,
    },
  ],
  [
    "$regexp",
    {
      of: RegExp,
      write: String,
      read: (content) => readRegExp(text(content)),
    },
  ],
  [
    "$url",
    {
      of: URL,
      write: (value) => (value as URL).href,
      read: (content) => new URL(text(content)),
    },
  ],
  ...NUMBERED.map((numbers): [string, Leaf] => [
    `$${numbers.name.toLowerCase()}`,
    {
      of: numbers,
      // Only what the view shows: the rest of its buffer is nobody's business.
      write(value) {
        const { buffer, byteOffset, byteLength } = value as Float64Array;
        return toBase64(new Uint8Array(buffer, byteOffset, byteLength));
      },
      read: (content) => new numbers(fromBase64(text(content)).buffer),
    },
  ]),
]);

const TAGS: ReadonlyMap<object, string> = new Map([...LEAVES].map(([tag, leaf]) => [leaf.of.prototype, tag]));

/** The tag and text of an object that is a leaf; null when it is none. */
export function writeLeaf(value: object): [tag: string, content: string | null] | null {
  // Of any subclass: Node's Buffer, and what others make of it, is still bytes.
  const prototype = value instanceof Uint8Array ? Uint8Array.prototype : Object.getPrototypeOf(value);
  const tag = TAGS.get(prototype);
  return tag === undefined ? null : [tag, LEAVES.get(tag)!.write(value)];
}

/** The object that a tag and its content stand for; undefined when they stand for none. */
export function readLeaf(tag: string, content: unknown): unknown {
  try {
    return LEAVES.get(tag)?.read(content);
  } catch {
    return undefined;
  }
}

function text(content: unknown): string {
  if (typeof content !== "string") throw new TypeError("not a text");
  return content;
}

function readDate(moment: string): Date | undefined {
  const date = new Date(moment);
  return MOMENT.test(moment) && !Number.isNaN(date.getTime()) ? date : undefined;
}

function readRegExp(literal: string): RegExp | undefined {
  const end = literal.lastIndexOf("/");
  if (!literal.startsWith("/") || end === 0) return undefined;
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}
