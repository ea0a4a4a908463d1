import { parseIndex } from "./pointer.ts";
import { copyObject, getMember, isJsonObject, type JsonObject, type JsonValue, setMember } from "./value.ts";

type Container = JsonValue[] | JsonObject;

/**
 * A document that is edited without touching the one it came from: each array or object is copied when it
 * is first changed, and then belongs to the draft. Locations are JSON Pointer tokens.
 */
export class Draft {
  #root: JsonValue;
  readonly #owned = new Set<object>();

  constructor(root: JsonValue) {
    this.#root = root;
  }

  get root(): JsonValue {
    return this.#root;
  }

  /** The value at a location, or undefined when there is nothing. */
  get(path: readonly string[]): JsonValue | undefined {
    let value: JsonValue | undefined = this.#root;
    for (let i = 0; i < path.length && value !== undefined; i++) value = childOf(value, path[i]!);
    return value;
  }

  /** Gives a container back: it now stands in two places, so a change must copy it again. */
  share(container: object): void {
    this.#owned.delete(container);
  }

  setRoot(value: JsonValue): void {
    this.#root = value;
  }

  /** The container at an existing location, free to be changed: it and all above it belong to the draft. */
  edit(path: readonly string[]): Container {
    let container = this.#own(this.#root as Container);
    this.#root = container;
    for (const token of path) {
      const child = this.#own(childOf(container, token) as Container);
      replaceChild(container, token, child);
      container = child;
    }
    return container;
  }

  #own<C extends Container>(container: C): C {
    if (this.#owned.has(container)) return container;
    const copy = (Array.isArray(container) ? container.slice() : copyObject(container)) as C;
    this.#owned.add(copy);
    return copy;
  }
}

/** The member or item that a token names in a value; undefined when there is none. */
function childOf(value: JsonValue, token: string): JsonValue | undefined {
  if (Array.isArray(value)) {
    const index = parseIndex(token);
    return index === null ? undefined : value[index];
  }
  return isJsonObject(value) ? getMember(value, token) : undefined;
}

/** Puts another value where an existing child stands. */
export function replaceChild(container: Container, token: string, value: JsonValue): void {
  if (Array.isArray(container)) container[Number(token)] = value;
  else setMember(container, token, value);
}
