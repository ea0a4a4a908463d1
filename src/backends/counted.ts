import type { StorageBackend } from "./types.ts";

/**
 * The same store, its calls told of.
 *
 * @param began called as a call begins; what it answers, as it ends, whatever came of it
 */
export function counted(
  backend: StorageBackend,
  began: (method: string) => (() => void) | undefined,
): StorageBackend {
  return new Proxy(backend, {
    get(_, name) {
      const member: unknown = Reflect.get(backend, name);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        const ended = began(String(name));
        const answer: unknown = member.apply(backend, given);
        return ended && answer instanceof Promise ? answer.finally(ended) : answer;
      };
    },
  });
}
