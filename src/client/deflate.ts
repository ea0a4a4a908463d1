export interface Body {
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
}

/** Below this, nothing shrinks by more than the header that says so. */
const SMALLEST = 128;
const SAMPLE = 16 * 1024;
/** What shrinks by less is not worth inflating. */
const PAYS = 0.9;

/** Bytes as the body of a request: deflated when that pays. */
export async function bodyOf(bytes: Uint8Array<ArrayBuffer>): Promise<Body> {
  const plain = { body: bytes, headers: {} };
  if (bytes.length < SMALLEST || !(await doesSamplePay(bytes))) return plain;
  const body = await deflate(bytes);
  return body.length < bytes.length * PAYS ? deflated(body) : plain;
}

/** What says that a body is deflated. */
export function deflated(body: Uint8Array<ArrayBuffer>): Body {
  return { body, headers: { "Content-Encoding": "deflate" } };
}

/** In the format of zlib (RFC 1950), which is what HTTP calls deflate. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Two looks into long bytes save deflating what is compressed already. */
async function doesSamplePay(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (bytes.length < 8 * SAMPLE) return true;
  for (const from of [0, bytes.length >> 1]) {
    const packed = await deflate(bytes.slice(from, from + SAMPLE));
    if (packed.length < SAMPLE * PAYS) return true;
  }
  return false;
}
