import { digestNow } from "./hash.ts";
import { LightResponse } from "./light-http.ts";
import { type Context, contexts } from "./world.ts";

const real = {
  now: Date.now,
  performanceNow: performance.now.bind(performance),
  random: Math.random,
  getRandomValues: crypto.getRandomValues.bind(crypto),
  randomUUID: crypto.randomUUID.bind(crypto),
  digest: crypto.subtle.digest.bind(crypto.subtle),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  timeout: AbortSignal.timeout,
  clone: globalThis.structuredClone,
};

/** Timers of a run: the ids of those that were called off. */
interface Timer {
  cancelled: boolean;
}

/**
 * Puts virtual ones in the place of the clock, the timers and all that is random, for code that runs in a context of
 * a simulation; all others, as the test runner, go on with the real ones.
 *
 * @returns puts the real ones back
 */
export function virtualGlobals(): () => void {
  const put = <T extends object>(target: T, name: keyof T & string, value: unknown): (() => void) => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    return () => {
      if (before) Object.defineProperty(target, name, before);
      else delete target[name];
    };
  };
  const undo = [
    put(Date, "now", inside(clockOf, real.now)),
    put(performance, "now", inside(clockOf, real.performanceNow)),
    put(
      Math,
      "random",
      inside(({ world }) => world.entropy.next(), real.random),
    ),
    put(crypto, "getRandomValues", inside(randomBytes, real.getRandomValues as never)),
    put(crypto, "randomUUID", inside(randomUuid, real.randomUUID)),
    put(crypto.subtle, "digest", inside(digest, real.digest as never)),
    put(globalThis, "setTimeout", inside(setVirtual, real.setTimeout as never)),
    put(globalThis, "setImmediate", inside(setVirtual, real.setImmediate as never)),
    put(globalThis, "clearTimeout", clear),
    put(AbortSignal, "timeout", inside(virtualSignal, real.timeout as never)),
    put(
      globalThis,
      "structuredClone",
      inside((_, value: unknown) => frozen(value), real.clone),
    ),
    put(globalThis, "Response", LightResponse),
  ];
  return () => {
    for (const back of undo) back();
  };
}

function inside<A extends unknown[], R>(
  virtual: (context: Context, ...given: A) => R,
  otherwise: (...given: A) => R,
): (...given: A) => R {
  return (...given) => {
    const context = contexts.getStore();
    return context ? virtual(context, ...given) : otherwise(...given);
  };
}

function clockOf({ world, actor }: Context): number {
  return world.now + actor.skew;
}

function randomBytes({ world }: Context, bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = world.entropy.int(0, 255);
  return bytes;
}

function randomUuid({ world }: Context): `${string}-${string}-${string}-${string}-${string}` {
  const hex = (digits: number) =>
    world.entropy
      .int(0, 16 ** digits - 1)
      .toString(16)
      .padStart(digits, "0");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(8)}${hex(4)}`;
}

async function digest(_: Context, _algorithm: string, bytes: Uint8Array): Promise<ArrayBuffer> {
  return digestNow(bytes);
}

function setVirtual(context: Context, call: () => void, milliseconds = 0): Timer {
  const timer: Timer = { cancelled: false };
  const { world } = context;
  world.at(world.now + milliseconds, context, () => {
    if (!timer.cancelled) call();
  });
  return timer;
}

function clear(timer: Timer | NodeJS.Timeout | undefined): void {
  if (timer && "cancelled" in timer) timer.cancelled = true;
  else real.clearTimeout(timer);
}

/** As much of a signal as a client needs. */
function virtualSignal(context: Context, milliseconds: number): AbortSignal {
  const calls: (() => void)[] = [];
  const signal = { aborted: false, addEventListener: (_: string, call: () => void) => calls.push(call) };
  setVirtual(
    context,
    () => {
      signal.aborted = true;
      for (const call of calls) call();
    },
    milliseconds,
  );
  return signal as unknown as AbortSignal;
}

/** Nobody can change it any more, so it need not be copied: a change would be thrown back, and found. */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  Object.freeze(value);
  for (const member of Object.values(value)) frozen(member);
  return value;
}
