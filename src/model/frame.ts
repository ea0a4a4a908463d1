/**
 * Where and what a frame is: the stored form of one version's bytes. The record of a version carries this,
 * the store carries the bytes, and both must agree before a byte is served.
 */
export interface FrameRef {
  /** Unique in its pipeline, see `chain.ts`: the same write makes the same, another another. */
  frameId: string;
  codec: string;
  /** Of the stored bytes, hex. */
  storedSha256: string;
  storedBytes: number;
  /** SHA-256 over tenant, pipeline, version, codec and SHA-256(content), hex: binds the bytes to their place. */
  seal: string;
  version: number;
  /** Only of a content in parts: the bytes are their index, which says how they are stored. */
  parts?: PartsFacts;
  /** Only of a delta: the frames before it, which its content is rebuilt from. */
  chain?: Chain;
}

/** What a record says of a content in parts. */
export interface PartsFacts {
  count: number;
  /** Of the index, before it is compressed. */
  indexBytes: number;
  /** Of all parts. */
  storedBytes: number;
}

/** How a delta goes back to a full frame. Frames of a chain live as long as a record names one of them. */
export interface Chain {
  /** The deltas, this one last: of each its stored bytes and its tag, see `chain.ts`. */
  links: string;
  /** Of all frames of the chain up to this one. */
  storedBytes: number;
  /** The full frame it begins with: its codec, and the length of its content. */
  base: { codec: string; bytes: number };
  /** What a full frame took when it was last known: tells about what one would take now. */
  full: { bytes: number; storedBytes: number };
  /** How many deltas at the end were made by clients, and never rebuilt. */
  unverified: number;
}

/** A frame as it travels to a store. */
export interface Frame {
  ref: FrameRef;
  bytes: Uint8Array;
}
