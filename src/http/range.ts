import { CairnError } from "../model/errors.ts";
import type { Large } from "../state/large.ts";
import { content, type Stored } from "./answers.ts";

/** A range of bytes, once the length of the content is known; null: none of it is there. */
export type RangeOf = (length: number) => { from: number; end: number } | null;

/** `Range` (RFC 9110 §14.2). What is no single range of bytes is passed over, as a server may. */
export function parseRange(text: string | null): RangeOf | undefined {
  const [, first = "", last = ""] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(text ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") return (length) => within(length - Number(last), length, length);
  if (last !== "" && Number(last) < Number(first)) return undefined;
  return (length) => within(Number(first), last === "" ? length : Number(last) + 1, length);
}

function within(from: number, end: number, length: number): { from: number; end: number } | null {
  const range = { from: Math.max(0, from), end: Math.min(end, length) };
  return range.from < range.end ? range : null;
}

/** A content, or the range of it that is asked for. @throws CairnError `range_not_satisfiable` */
export async function rangeAnswer(
  stored: Stored,
  body: Uint8Array | Large,
  rangeOf: RangeOf | undefined,
): Promise<Response> {
  const length = body instanceof Uint8Array ? body.length : body.bytes;
  const range = rangeOf?.(length);
  if (range === null) throw new CairnError("range_not_satisfiable", `The content has ${length} bytes.`);
  const { from, end } = range ?? { from: 0, end: length };
  const some =
    body instanceof Uint8Array ? body.subarray(from, end) : await streamOf(body.read({ from, end }));
  if (!range) return content(stored, some, length);
  const headers = { "Content-Range": `bytes ${from}-${end - 1}/${length}` };
  return content(stored, some, end - from, { status: 206, headers });
}

/** The first piece is read before there is an answer: what is damaged at its start is a problem, not a broken stream. */
export async function streamOf(
  pieces: AsyncGenerator<Uint8Array, void>,
): Promise<ReadableStream<Uint8Array>> {
  let ready: IteratorResult<Uint8Array, void> | null = await pieces.next();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = ready ?? (await pieces.next());
      ready = null;
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}
