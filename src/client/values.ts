import { CairnValueError } from "./errors.ts";
import { decodeTree } from "./values/decode.ts";
import { encodeTree } from "./values/encode.ts";
import { isPlainJson } from "./values/plain.ts";

/** Plain JSON that stands for JavaScript values as docs/values.md says. */
export const VALUES_TYPE = "application/vnd.cairn.values+json";
export const BYTES_TYPE = "application/octet-stream";
const JSON_TYPE = "application/json";

/** What a state is: bytes, and what they are. */
export interface Content {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
}

/**
 * A value as content. Bytes are kept as they are; what JSON keeps is `application/json`; other values (dates,
 * sets, maps, bytes inside, BigInt, NaN, -0, undefined, cycles…) are `VALUES_TYPE`.
 *
 * @returns bytes that later changes of the value do not reach
 * @throws CairnValueError `unsupported_value`, with the JSON Pointer of what cannot be kept
 */
export function encodeValue(value: unknown): Content {
  if (value instanceof Uint8Array) return { bytes: new Uint8Array(value), contentType: BYTES_TYPE };
  if (isPlainJson(value)) return textContent(value, JSON_TYPE);
  return textContent(encodeTree(value), VALUES_TYPE);
}

/**
 * The value that content stands for, by its type: JSON of any type is parsed, other content is the bytes.
 *
 * @throws CairnValueError `bad_value` when the content is not what its type says
 */
export function decodeValue({ bytes, contentType }: Content): unknown {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (type === VALUES_TYPE) return decodeTree(parse(bytes));
  return type === JSON_TYPE || type.endsWith("+json") ? parse(bytes) : bytes;
}

function textContent(document: unknown, contentType: string): Content {
  return { bytes: new TextEncoder().encode(JSON.stringify(document)), contentType };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new CairnValueError("bad_value", [], "is not JSON in UTF-8");
  }
}
