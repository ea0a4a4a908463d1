import { ByteReader } from "./bytes.ts";
import { DeltaError, MAGIC, MAX_BYTES, VERSION } from "./format.ts";

/** What a delta says of itself before its operations. */
export interface DeltaHeader {
  targetBytes: number;
  baseBytes: number;
}

/** Gets the operations in the order of the target. Nothing of length 0 is passed. */
export interface DeltaVisitor {
  header?(header: DeltaHeader): void;
  /** Insert `delta.subarray(from, from + length)`. */
  insert(from: number, length: number): void;
  /** Copy `base.subarray(from, from + length)`; always within a base of the header's length. */
  copy(from: number, length: number): void;
}

/**
 * Reads a delta from front to back and checks everything that can be checked without the base. Takes time
 * in proportion to the delta's operations and no memory, whatever lengths it claims.
 *
 * @throws DeltaError; the visitor may have been called before
 */
export function walkDelta(delta: Uint8Array, visitor: DeltaVisitor): void {
  const reader = new ByteReader(delta);
  const header = readHeader(reader);
  visitor.header?.(header);
  const opsBytes = reader.varint();
  let literal = reader.position + opsBytes;
  if (literal > delta.length) throw new DeltaError("The operations are longer than the delta.");
  reader.end = literal;
  let expected = 0;
  let left = header.targetBytes;
  while (left > 0) {
    const inserted = reader.varint();
    const packed = reader.varint();
    const copied = Math.floor(packed / 2);
    const moved = packed % 2 === 1 ? readMove(reader) : 0;
    const from = expected + inserted + moved;
    left -= inserted + copied;
    if (left < 0) throw new DeltaError("The operations make more than the target's length.");
    if (inserted > delta.length - literal) throw new DeltaError("More is inserted than there are literals.");
    if (inserted > 0) visitor.insert(literal, inserted);
    literal += inserted;
    if (copied === 0) checkLast(left, inserted, moved);
    else if (from < 0 || from + copied > header.baseBytes)
      throw new DeltaError("A copy is outside the base.");
    else visitor.copy(from, copied);
    expected = from + copied;
  }
  if (reader.position !== reader.end) throw new DeltaError("There are operations after the target's end.");
  if (literal !== delta.length) throw new DeltaError("There are literals that nothing inserts.");
}

function readHeader(reader: ByteReader): DeltaHeader {
  if (reader.byte() !== MAGIC) throw new DeltaError("This is not a delta.");
  if (reader.byte() !== VERSION) throw new DeltaError("The delta's version is not known.");
  const header = { targetBytes: reader.varint(), baseBytes: reader.varint() };
  if (header.targetBytes > MAX_BYTES || header.baseBytes > MAX_BYTES) {
    throw new DeltaError("The delta is for more bytes than a state can have.");
  }
  return header;
}

function readMove(reader: ByteReader): number {
  const move = reader.zigzag();
  if (move === 0) throw new DeltaError("A copy moved by nothing.");
  return move;
}

function checkLast(left: number, inserted: number, moved: number): void {
  if (left > 0 || inserted === 0 || moved !== 0) throw new DeltaError("An operation copies nothing.");
}
