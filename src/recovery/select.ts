import { CairnError } from "../model/errors.ts";
import { Draft, replaceChild } from "../model/json/draft.ts";
import { parseLossless, stringifyLossless } from "../model/json/lossless.ts";
import { formatPointer, parseIndex, parsePointer } from "../model/json/pointer.ts";
import { isJsonObject, type JsonValue } from "../model/json/value.ts";

/**
 * The current document with the selected parts as they are in a checkpoint; numbers keep their text. An object that
 * leads to a part and is not there any more is made; in an array, a part replaces an item or goes right behind the
 * last. Nothing is ever removed: to take back what was added, its parent is selected.
 *
 * @param current, checkpoint JSON that parses, of bounded depth
 * @param pointers JSON Pointers (RFC 6901); `""` is the whole
 * @throws CairnError `select_failed` with every pointer that the checkpoint does not have, or that finds no place
 */
export function recoverParts(current: string, checkpoint: string, pointers: readonly string[]): string {
  const [source, target] = [new Draft(parseLossless(checkpoint)), new Draft(parseLossless(current))];
  const errors = pointers.flatMap((pointer) => {
    const message = recoverPart(source, target, parsePointer(pointer) ?? null);
    return message === null ? [] : [{ pointer, message }];
  });
  if (errors.length === 0) return stringifyLossless(target.root);
  const [first] = errors;
  throw new CairnError("select_failed", `"${first!.pointer}" ${first!.message}.`, { errors });
}

/** What is in the way; null: done. */
function recoverPart(source: Draft, target: Draft, tokens: string[] | null): string | null {
  const value = tokens ? source.get(tokens) : undefined;
  if (tokens === null || value === undefined) return "is not in the checkpoint";
  const token = tokens.at(-1);
  if (token === undefined) {
    target.setRoot(value);
    return null;
  }
  const parents = tokens.slice(0, -1);
  return makeParents(source, target, parents) ?? place(target, parents, token, value);
}

/** Objects on the way that the current document lacks, where they are objects in the checkpoint as well. */
function makeParents(source: Draft, target: Draft, parents: readonly string[]): string | null {
  for (let depth = 1; depth <= parents.length; depth++) {
    const path = parents.slice(0, depth);
    if (target.get(path) !== undefined) continue;
    if (!isJsonObject(source.get(path))) return noPlace(path);
    const problem = place(target, path.slice(0, -1), path.at(-1)!, {});
    if (problem !== null) return problem;
  }
  return null;
}

function place(target: Draft, parents: readonly string[], token: string, value: JsonValue): string | null {
  const parent = target.get(parents);
  const fits = Array.isArray(parent) ? isPlace(parent, token) : isJsonObject(parent);
  if (!fits) return noPlace([...parents, token]);
  replaceChild(target.edit(parents), token, value);
  return null;
}

function isPlace(array: readonly JsonValue[], token: string): boolean {
  const index = parseIndex(token);
  return index !== null && index <= array.length;
}

function noPlace(path: readonly string[]): string {
  return `has no place in the current state (at "${formatPointer(path)}"); select what is above it`;
}
