import type { CairnError } from "../model/errors.ts";
import { present } from "../model/present.ts";
import type { Precondition } from "../state/write.ts";
import { malformed } from "./invalid.ts";

interface EntityTag {
  weak: boolean;
  tag: string;
}

/** One element of an `If-Match` list (RFC 9110 §8.8.3), with the comma after it; it may be empty (§5.6.1.2). */
const ELEMENT = /[ \t]*(?:(W\/)?"([!#-~\x80-\xff]*)"[ \t]*)?(,|$)/y;

function parseTags(name: string, text: string): "*" | EntityTag[] {
  if (text === "*") return "*";
  const tags: EntityTag[] = [];
  let more = true;
  for (let at = 0; more; at = ELEMENT.lastIndex) {
    ELEMENT.lastIndex = at;
    const element = ELEMENT.exec(text);
    if (!element) throw noTags(name);
    const [, weak, tag, comma] = element;
    if (tag !== undefined) tags.push({ weak: weak !== undefined, tag });
    more = comma === ",";
  }
  if (tags.length === 0) throw noTags(name);
  return tags;
}

function noTags(name: string): CairnError {
  return malformed(name, 'must be * or quoted entity tags, like "3"');
}

/** The entity tag of a version. */
export function versionTag(version: number): string {
  return `"${version}"`;
}

/** `If-Match`: strong comparison, so weak tags and tags that are no version never match (RFC 9110 §13.1.1). */
export function parseIfMatch(text: string | null): Precondition | undefined {
  if (text === null) return undefined;
  const tags = parseTags("If-Match", text);
  if (tags === "*") return "present";
  const versions = tags.filter(({ weak, tag }) => !weak && /^[1-9][0-9]{0,14}$/.test(tag));
  return { versions: versions.map(({ tag }) => Number(tag)) };
}

/** `If-None-Match` of a write: only `*`, which is: create, never overwrite. */
export function parseIfNoneMatchOfWrite(text: string | null): Precondition | undefined {
  if (text === null) return undefined;
  if (text !== "*") throw malformed("If-None-Match", "a write takes only *");
  return "absent";
}

/** `If-None-Match` of a read: whether a tag is among those the client has (weak comparison, §13.1.2). */
export function parseIfNoneMatch(text: string | null): ((tag: string) => boolean) | undefined {
  if (text === null) return undefined;
  const tags = parseTags("If-None-Match", text);
  return (tag) => tags === "*" || tags.some((known) => `"${known.tag}"` === tag);
}

/** @throws CairnError `malformed` when both conditions are given: they contradict each other */
export function onePrecondition(
  ifMatch: Precondition | undefined,
  ifNoneMatch: Precondition | undefined,
): { precondition?: Precondition } {
  if (ifMatch && ifNoneMatch) throw malformed("If-Match", "cannot be together with If-None-Match");
  return present({ precondition: ifMatch ?? ifNoneMatch });
}
