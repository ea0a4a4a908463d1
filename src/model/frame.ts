/**
 * Where and what a frame is: the stored form of one version's bytes. The record of a version carries this,
 * the store carries the bytes, and both must agree before a byte is served.
 */
export interface FrameRef {
  /** Unique in its pipeline: holds the version, the write id's hash and the digest of the stored bytes. */
  frameId: string;
  codec: string;
  /** Of the stored bytes, hex. */
  storedSha256: string;
  storedBytes: number;
  /** SHA-256 over tenant, pipeline, version, codec and SHA-256(content), hex: binds the bytes to their place. */
  seal: string;
  version: number;
}

/** A frame as it travels to a store. */
export interface Frame {
  ref: FrameRef;
  bytes: Uint8Array;
}
