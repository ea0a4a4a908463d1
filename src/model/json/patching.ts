import { Draft, replaceChild } from "./draft.ts";
import { equalJson } from "./lossless.ts";
import { type MeasureLimits, measure } from "./measure.ts";
import type { Operation } from "./patch-document.ts";
import { parseIndex } from "./pointer.ts";
import { isJsonObject, type JsonValue } from "./value.ts";

/** Bounds of one patch. Sizes are estimates that never exceed the real compact UTF-8 text. */
export interface JsonPatchLimits {
  /** Most bytes of the result, and of everything that `copy` duplicates on the way. Default 25,000,000. */
  maxBytes?: number;
  /** Deepest nesting of the result, counted as `checkJson` does. Default 64. */
  maxDepth?: number;
  /** Most array items that inserting and removing may shift in all, about a nanosecond each. Default 500,000,000. */
  maxShifts?: number;
}

/** Why an operation cannot be applied, in one sentence for the caller. */
export class Refusal extends Error {
  /** The limit that the result would exceed; null when the operation itself does not fit the document. */
  readonly limit: "bytes" | "depth" | null;

  constructor(message: string, limit: "bytes" | "depth" | null = null) {
    super(message);
    this.limit = limit;
  }
}

/** A patch under way: applies one operation after the other to a draft, and keeps count of the limits. */
export class Patching {
  readonly #draft: Draft;
  readonly #limits: MeasureLimits;
  #shiftsLeft: number;
  #copyLeft: number;

  constructor(target: JsonValue, { maxBytes = 25e6, maxDepth = 64, maxShifts = 5e8 }: JsonPatchLimits) {
    this.#draft = new Draft(target);
    this.#limits = { maxBytes, maxDepth };
    this.#shiftsLeft = maxShifts;
    this.#copyLeft = maxBytes;
  }

  /** @throws Refusal when the operation cannot be applied; the draft is then of no more use. */
  apply(operation: Operation): void {
    if (operation.op === "remove") this.#remove(operation.path);
    else if (operation.op === "copy") this.#copy(operation.from, operation.path);
    else if (operation.op === "move") this.#move(operation.from, operation.path);
    else this.#applyValue(operation.op, operation.path, operation.value);
  }

  #applyValue(op: "add" | "replace" | "test", path: string[], value: JsonValue): void {
    if (op === "add") this.#add(path, value);
    else if (op === "replace") this.#replace(path, value);
    else this.#test(path, value);
  }

  /**
   * The patched document.
   * @throws Refusal when its size or depth exceeds the limits.
   */
  finish(): JsonValue {
    const { exceeds } = measure(this.#draft.root, this.#limits);
    if (exceeds === "bytes") throw tooLarge(this.#limits.maxBytes);
    if (exceeds === "depth") {
      throw new Refusal(`The patched document nests deeper than ${this.#limits.maxDepth} levels.`, "depth");
    }
    return this.#draft.root;
  }

  #add(path: string[], value: JsonValue): void {
    const token = path.at(-1);
    const parentPath = path.slice(0, -1);
    const parent = this.#draft.get(parentPath);
    if (token === undefined) this.#draft.setRoot(value);
    else if (Array.isArray(parent)) this.#insert(parentPath, insertionIndex(parent, token), value);
    else if (isJsonObject(parent)) replaceChild(this.#draft.edit(parentPath), token, value);
    else throw new Refusal("There is no array or object to add to at the operation's path.");
  }

  #insert(arrayPath: string[], index: number, value: JsonValue): void {
    const array = this.#draft.edit(arrayPath) as JsonValue[];
    this.#shift(array.length - index);
    array.splice(index, 0, value);
  }

  #remove(path: string[]): void {
    this.#existing(path, "path");
    const token = path.at(-1);
    if (token === undefined) throw new Refusal("The whole document cannot be removed.");
    const parent = this.#draft.edit(path.slice(0, -1));
    if (!Array.isArray(parent)) delete parent[token];
    else {
      this.#shift(parent.length - Number(token));
      parent.splice(Number(token), 1);
    }
  }

  #replace(path: string[], value: JsonValue): void {
    this.#existing(path, "path");
    const token = path.at(-1);
    if (token === undefined) this.#draft.setRoot(value);
    else replaceChild(this.#draft.edit(path.slice(0, -1)), token, value);
  }

  #test(path: string[], value: JsonValue): void {
    if (!equalJson(this.#existing(path, "path"), value)) {
      throw new Refusal("The value at the operation's path is not the tested one.");
    }
  }

  /** The copy is the same value in a second place, so nothing inside it may be changed in place any more. */
  #copy(from: string[], path: string[]): void {
    const value = this.#existing(from, "from");
    const limits = { maxBytes: this.#copyLeft, maxDepth: Number.POSITIVE_INFINITY };
    const { bytes, exceeds } = measure(value, limits, (part) => this.#draft.share(part));
    if (exceeds) throw tooLarge(this.#limits.maxBytes);
    this.#copyLeft -= bytes;
    this.#add(path, value);
  }

  #move(from: string[], path: string[]): void {
    const value = this.#existing(from, "from");
    if (isPrefix(from, path)) {
      if (from.length === path.length) return;
      throw new Refusal("A value cannot be moved into itself.");
    }
    if (path.length > 0) this.#remove(from);
    this.#add(path, value);
  }

  #existing(path: string[], member: "path" | "from"): JsonValue {
    const value = this.#draft.get(path);
    if (value === undefined) throw new Refusal(`There is no value at the operation's ${member}.`);
    return value;
  }

  #shift(items: number): void {
    this.#shiftsLeft -= items;
    if (this.#shiftsLeft < 0) throw new Refusal("The patch shifts too many array items.");
  }
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(`The patch makes more than ${maxBytes} bytes.`, "bytes");
}

function insertionIndex(array: JsonValue[], token: string): number {
  const index = token === "-" ? array.length : parseIndex(token);
  if (index !== null && index <= array.length) return index;
  throw new Refusal("The operation's path names no place in the array.");
}

function isPrefix(prefix: string[], path: string[]): boolean {
  return prefix.length <= path.length && prefix.every((token, i) => token === path[i]);
}
