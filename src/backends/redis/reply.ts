/** What one command answers. Strings arrive as bytes: a frame is not text. */
export type Reply = Uint8Array | number | null | ReplyError | Reply[];

/** An error that Redis itself answered: its first word is the code, when it is in capitals. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";

  get code(): string {
    return /^[A-Z]+\b/.exec(this.message)?.[0] ?? "";
  }
}

/** @throws TypeError when it is none */
export function text(reply: Reply | undefined): string {
  if (typeof reply === "number") return String(reply);
  return decode(bytes(reply));
}

/** @throws TypeError when it is none */
export function bytes(reply: Reply | undefined): Uint8Array {
  if (reply instanceof Uint8Array) return reply;
  throw new TypeError("Redis answered something else than a string.");
}

/** @throws TypeError when it is none */
export function list(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError("Redis answered something else than a list.");
}

/** Names and values in turn, as HGETALL gives them. */
export function pairs(reply: Reply | undefined): Map<string, string> {
  const flat = list(reply);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(text(flat[i]), text(flat[i + 1]));
  return fields;
}

function decode(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
}
