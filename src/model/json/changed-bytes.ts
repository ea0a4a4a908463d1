import { memberTexts } from "./members.ts";
import { formatPointer } from "./pointer.ts";
import { utf8Bytes } from "./text-bytes.ts";

/**
 * Where two JSON texts differ in size: for each member of the outermost object whose text is not the same,
 * its bytes (UTF-8, as written) in `b` minus those in `a`, by JSON Pointer. A member that only one of them
 * has counts whole; one that changed without growing is 0. Where one of the texts is no object, `""` stands
 * for all.
 *
 * @param a valid JSON (`checkJson`), and so is `b`
 */
export function changedBytes(a: string, b: string): Record<string, number> {
  const [inA, inB] = [memberTexts(a), memberTexts(b)];
  if (!inA || !inB) return a === b ? {} : { "": utf8Bytes(b) - utf8Bytes(a) };
  const changed = [...new Set([...inA.keys(), ...inB.keys()])].filter((key) => inA.get(key) !== inB.get(key));
  const bytesIn = (members: Map<string, string>, key: string) => utf8Bytes(members.get(key) ?? "");
  return Object.fromEntries(
    changed.map((key) => [formatPointer([key]), bytesIn(inB, key) - bytesIn(inA, key)]),
  );
}
