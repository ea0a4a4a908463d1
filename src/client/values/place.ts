import { CairnValueError } from "../errors.ts";

/** How deep arrays and objects of an encoded document nest at most: what the service takes of any JSON. */
export const MAX_DEPTH = 64;

/** Where in an encoded document something is; a chain, so that going down costs no copy of the path. */
export interface Place {
  readonly up: Place | null;
  readonly token: string | number;
  /** How many arrays and objects it is in. */
  readonly depth: number;
}

export const ROOT: Place = { up: null, token: "", depth: 0 };

export function below(up: Place, token: string | number): Place {
  return { up, token, depth: up.depth + 1 };
}

export function tokensOf(place: Place): string[] {
  const tokens: string[] = [];
  for (let at = place; at.up; at = at.up) tokens.push(String(at.token));
  return tokens.reverse();
}

export function unsupported(at: Place, problem: string): CairnValueError {
  return new CairnValueError("unsupported_value", tokensOf(at), problem);
}

export function badValue(at: Place, problem: string): CairnValueError {
  return new CairnValueError("bad_value", tokensOf(at), problem);
}

/** Like `target[key] = value`, but `__proto__` is a member like any other, never the prototype. */
export function setMember(target: object, key: string, value: unknown): void {
  if (key !== "__proto__") (target as Record<string, unknown>)[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
