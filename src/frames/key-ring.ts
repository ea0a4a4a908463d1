import { CairnError, type ErrorItem } from "../model/errors.ts";

/** A key's name: short, so that no key in hex or base64 passes for one when the two are mixed up. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const KEY_BYTES = 32;

/** One key by its public name. The material is private to it: neither JSON nor an inspector shows it. */
export class RingKey {
  readonly id: string;
  readonly #material: Uint8Array<ArrayBuffer>;

  constructor(id: string, material: Uint8Array<ArrayBuffer>) {
    this.id = id;
    this.#material = material;
  }

  /** The key as input of HKDF (RFC 5869): it cannot be exported, and never encrypts anything itself. */
  import(): Promise<CryptoKey> {
    return crypto.subtle.importKey("raw", this.#material, "HKDF", false, ["deriveBits"]);
  }

  isSameKey(other: RingKey): boolean {
    return this.#material.every((byte, i) => byte === other.#material[i]);
  }
}

/** The keys that frames are encrypted with: `writer` encrypts what is new, and is among `readers`. */
export interface KeyRing {
  readonly writer: RingKey;
  /** By id, `writer` first. */
  readonly readers: ReadonlyMap<string, RingKey>;
}

/**
 * Reads a key ring: a JSON array of `{id, key}`, `key` being base64 (RFC 4648 §4) of 32 random bytes. The
 * first one writes, all of them read: to rotate, put a new one in front once every instance can read it.
 *
 * @param name what the text came from, for the errors
 * @throws CairnError `invalid_configuration` with all problems, by their place: nothing of the text is
 * repeated, for it might be a key that stands in the wrong place
 */
export function parseKeyRing(text: string, name = "CAIRN_ENCRYPTION_KEYS"): KeyRing {
  const problems: ErrorItem[] = [];
  const report = (pointer: string, message: string) => problems.push({ pointer: name + pointer, message });
  const keys = readKeys(text, report);
  refuseRepeated(keys, report);
  const [writer] = keys;
  if (problems.length > 0 || !writer?.key) throw invalid(problems);
  return { writer: writer.key, readers: new Map(keys.map(({ key }) => [key!.id, key!])) };
}

type Report = (pointer: string, message: string) => void;

/** An entry at its place in the array; `key` is null when it is not valid. */
interface Entry {
  place: number;
  key: RingKey | null;
}

function readKeys(text: string, report: Report): Entry[] {
  const list = parseList(text);
  if (list === null || list.length === 0) {
    report("", "is not a JSON array of at least one {id, key}");
    return [];
  }
  return list.map((item, place) => ({ place, key: readKey(item, `/${place}`, report) }));
}

/** The parser's own message quotes the text, so it is dropped. */
function parseList(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function readKey(item: unknown, pointer: string, report: Report): RingKey | null {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    report(pointer, "is not an object {id, key}");
    return null;
  }
  const { id, key, ...others } = item as Record<string, unknown>;
  const material = decodeKey(key);
  const valid = typeof id === "string" && ID.test(id);
  if (!valid) report(`${pointer}/id`, "is not 1 to 32 letters, digits, '.', '_' or '-'");
  if (material === null) report(`${pointer}/key`, "is not base64 of exactly 32 bytes");
  if (Object.keys(others).length > 0) report(pointer, "has a field other than id and key");
  return valid && material !== null ? new RingKey(id, material) : null;
}

/** `atob` skips white space and forgives missing padding: a key has one spelling. */
function decodeKey(key: unknown): Uint8Array<ArrayBuffer> | null {
  if (typeof key !== "string" || !/^[A-Za-z0-9+/]{43}=$/.test(key)) return null;
  const material = Uint8Array.from(atob(key), (unit) => unit.charCodeAt(0));
  return material.length === KEY_BYTES && btoa(atob(key)) === key ? material : null;
}

/** Two names of one key would make a rotation look done that was none. */
function refuseRepeated(entries: readonly Entry[], report: Report): void {
  for (const { place, key } of entries) {
    const before = entries.slice(0, place).flatMap((entry) => entry.key ?? []);
    if (key === null) continue;
    if (before.some((other) => other.id === key.id)) report(`/${place}/id`, "is given twice");
    if (before.some((other) => other.isSameKey(key))) report(`/${place}/key`, "is given twice");
  }
}

function invalid(errors: ErrorItem[]): CairnError {
  const listed = errors.map(({ pointer, message }) => `${pointer} ${message}`).join("; ");
  return new CairnError("invalid_configuration", `The encryption keys are not valid: ${listed}.`, { errors });
}
