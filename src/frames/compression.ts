import { concat } from "../model/bytes.ts";
import { zlib } from "./zlib.ts";

/** `deflate` is RFC 1950 (zlib), which `DecompressionStream("deflate")` of any browser and workerd decodes. */
export type Codec = "identity" | "deflate";

export interface Compression {
  /** @default true */
  enabled?: boolean;
  /** 1 (fast) to 9 (small). @default 6 */
  level?: number;
}

const SMALLEST = 96;
const SAMPLE = 64 * 1024;
/** Compression pays when it takes at least an eighth away: less is not worth decoding on every read. */
const PAYS = 0.875;
/**
 * workerd counts its output buffers whole: with a limit of the exact size, one content in seven is refused
 * ("Memory limit exceeded"), by up to 64 KiB.
 */
const HEADROOM = 128 * 1024;

/** The bytes as they are stored, and by which codec. What does not shrink is kept as it is. */
export async function compress(
  content: Uint8Array,
  options: Compression = {},
): Promise<{ codec: Codec; bytes: Uint8Array }> {
  const plain = { codec: "identity" as const, bytes: content };
  if (options.enabled === false || content.length < SMALLEST) return plain;
  const level = options.level ?? 6;
  if (content.length > 4 * SAMPLE && !(await samplePays(content))) return plain;
  const packed = await run("deflate", content, { level });
  return packed.length < content.length * PAYS ? { codec: "deflate", bytes: packed } : plain;
}

/** A look at the middle saves compressing a large body of already compressed bytes. */
async function samplePays(content: Uint8Array): Promise<boolean> {
  const start = (content.length - SAMPLE) >> 1;
  for (const from of [0, start, content.length - SAMPLE]) {
    const packed = await run("deflate", content.subarray(from, from + SAMPLE), { level: 1 });
    if (packed.length < SAMPLE * PAYS) return true;
  }
  return false;
}

/**
 * The content of stored bytes, or `null` when they do not decode to exactly `size` bytes. Never allocates
 * much more than `size`: the stored bytes may be damaged into a bomb.
 */
export async function decompress(
  codec: string,
  stored: Uint8Array,
  size: number,
): Promise<Uint8Array | null> {
  if (codec === "identity") return stored.length === size ? stored : null;
  if (codec !== "deflate") return null;
  try {
    const content = await run("inflate", stored, { maxOutputLength: size + HEADROOM });
    return content.length === size ? new Uint8Array(content.buffer, content.byteOffset, size) : null;
  } catch {
    return null;
  }
}

interface Limits {
  level?: number;
  maxOutputLength?: number;
}

async function run(verb: "deflate" | "inflate", bytes: Uint8Array, options: Limits): Promise<Uint8Array> {
  const library = await zlib().catch(() => null);
  if (!library) return stream(verb, bytes, options.maxOutputLength ?? Number.POSITIVE_INFINITY);
  const { [verb]: convert } = library;
  return new Promise((resolve, reject) => {
    convert(bytes, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** Where there is no zlib, in a browser: the web's own, which knows no level. */
async function stream(verb: "deflate" | "inflate", bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const converter =
    verb === "deflate" ? new CompressionStream("deflate") : new DecompressionStream("deflate");
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(converter);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source as unknown as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > most) throw new RangeError("more than was said");
    pieces.push(piece);
  }
  return concat(pieces);
}
