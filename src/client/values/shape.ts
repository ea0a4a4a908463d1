/** Whether it is an object literal or the like, of this realm or another: what JSON calls an object. */
export function isOrdinary(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Why an array would not come back as it is; null: it would, but for its items. */
export function arrayProblem(value: readonly unknown[]): string | null {
  if (Object.getPrototypeOf(value) !== Array.prototype) return isA(value);
  for (let i = 0; i < value.length; i++) if (!(i in value)) return "has holes";
  return Object.keys(value).length === value.length ? null : "has members beside its items";
}

/**
 * Whether JSON writes it as it is. Asked before anything is made for a value: most are of this kind, and there may
 * be millions.
 */
export function isPlainScalar(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === "string" || typeof value === "boolean" || value === null;
}

/** Why an object would not come back as it is; null: it would, but for what its members are. */
export function objectProblem(value: object): string | null {
  if (!isOrdinary(value)) return isA(value);
  return Object.getOwnPropertySymbols(value).length === 0 ? null : "has symbols for keys";
}

/** Names the class of a value that cannot be kept. */
export function isA(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  const known = typeof name === "string" && name !== "" ? name : "special object";
  return `is of the class ${known}, which it would lose`;
}
