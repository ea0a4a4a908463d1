/**
 * The delta format, version 1: how to make `target` out of `base` by copying and inserting bytes.
 *
 *     byte    0xCD, then 0x01 (the version)
 *     varint  length of the target
 *     varint  length of the base: a delta is applied to no base of another length
 *     varint  length of the operations in bytes
 *     bytes   the operations
 *     bytes   the literals, up to the end
 *
 * An operation first inserts, then copies:
 *
 *     varint  how many of the next literals to insert
 *     varint  2 × how many bytes of the base to copy, + 1 if the copy moved
 *     zigzag  only if it moved, never 0: how far from where it was expected
 *
 * A copy is expected at the end of the copy before it plus the bytes inserted since (a value replaced by one
 * of the same length costs no position at all), the first one at the number of bytes inserted. Only the last
 * operation may copy nothing, and then it inserts. The operations end where the target is complete, and use
 * every literal. Copies read the base alone, never the target: nothing overlaps.
 *
 * Varints are LEB128, little endian, in their shortest form, 5 bytes at most; zigzag maps 0, -1, 1, -2 to
 * 0, 1, 2, 3. Every delta has one reading, and a decoder needs the operations before the literals: it may
 * stream the latter and the target. There is no checksum here: frames carry digests of base and target.
 *
 * The delta is meant to be deflated: apart, the operations (small numbers) and the literals (text) each get
 * Huffman codes of their own.
 */
export const MAGIC = 0xcd;
export const VERSION = 1;

/** The longest base or target: positions stay within 31 bits, whatever a delta claims. */
export const MAX_BYTES = 2 ** 31 - 1;

/** The bytes are not a delta, or not one for this base. The message names what is wrong, never content. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
}
