import { DisplayString, type Item, parseDictionary, parseItem, parseList } from "structured-headers";
import { sha256 } from "../frames/digest.ts";
import { CairnError } from "../model/errors.ts";
import { parseWith } from "../model/parse.ts";
import { present } from "../model/present.ts";
import { Situation, type Task } from "../model/task.ts";
import type { Caller } from "../state/core.ts";
import { parseIfMatch, parseIfNoneMatch, parseIfNoneMatchOfWrite } from "./etag.ts";
import { malformed } from "./invalid.ts";
import { parseRange } from "./range.ts";

/** A request header that a route understands. */
export interface HeaderSpec<T> {
  name: string;
  description: string;
  example: string;
  /** @throws CairnError `malformed` */
  parse(text: string | null): T;
}

export const fence: HeaderSpec<number | undefined> = {
  name: "Cairn-Fence",
  description: "The fencing token of the lease; needed by every write while a lease is live.",
  example: "7",
  parse(text) {
    if (text === null) return undefined;
    if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
    throw malformed("Cairn-Fence", "must be one whole number, the fence that the lease was granted with");
  },
};

export const idempotencyKey: HeaderSpec<string | undefined> = {
  name: "Idempotency-Key",
  description: "1 to 255 printable ASCII characters: the same key applies the same write once.",
  example: "5f0c7b1e-save-17",
  parse(text) {
    if (text === null) return undefined;
    const key = text.startsWith('"') ? structuredString("Idempotency-Key", text) : text;
    if (/^[ -~]{1,255}$/.test(key)) return key;
    throw malformed("Idempotency-Key", "must be 1 to 255 printable ASCII characters");
  },
};

export const ifMatch: HeaderSpec<ReturnType<typeof parseIfMatch>> = {
  name: "If-Match",
  description: 'Only over this version of the state: `"N"`, a list of them, or `*` for any.',
  example: '"3"',
  parse: parseIfMatch,
};

export const ifMatchOfRead: HeaderSpec<ReturnType<typeof parseIfMatch>> = {
  ...ifMatch,
  description: "Only this version: 412 when the state is at another.",
};

export const ifNoneMatchOfWrite: HeaderSpec<ReturnType<typeof parseIfNoneMatchOfWrite>> = {
  name: "If-None-Match",
  description: "`*`: only create; a deleted pipeline starts anew.",
  example: "*",
  parse: parseIfNoneMatchOfWrite,
};

export const ifNoneMatch: HeaderSpec<ReturnType<typeof parseIfNoneMatch>> = {
  name: "If-None-Match",
  description: "The version that the client has: 304 while it is the current one.",
  example: '"3"',
  parse: parseIfNoneMatch,
};

/** The 32 bytes that the content's SHA-256 must be (RFC 9530). Other algorithms are not looked at. */
export const reprDigest: HeaderSpec<Uint8Array | undefined> = {
  name: "Repr-Digest",
  description: "RFC 9530; `sha-256` is compared with the body, decoded from its Content-Encoding.",
  example: "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
  parse(text) {
    if (text === null) return undefined;
    const [value] = structured("Repr-Digest", () => parseDictionary(text)).get("sha-256") ?? [];
    if (value === undefined) return undefined;
    if (value instanceof ArrayBuffer && value.byteLength === 32) return new Uint8Array(value);
    throw malformed("Repr-Digest", "sha-256 must be 32 bytes in base64 between colons");
  },
};

/** The tasks that ended since the last save: the one that the state is the outcome of, and those before it. */
export interface EndedTasks {
  situation: Situation;
  earlier?: Task[];
}

const MOST_TASKS = 64;

/** The task that a save belongs to, for `checkpoint=auto`, and what is learned of durations. */
export const task: HeaderSpec<EndedTasks | undefined> = {
  name: "Cairn-Task",
  description:
    "A structured field (RFC 9651): the task's name and what is known of it (`criticality`, `seconds`, `fanout`), with `progress` and `event`; `?0` instead of a name where no task ended. Of several, the last is the one that the state is the outcome of; the others ended since the last save, and their durations are learned.",
  example: '"train"; criticality=0.9; seconds=120; progress=0.4; event="epoch"',
  parse(text) {
    if (text === null) return undefined;
    const items = structured("Cairn-Task", () => parseList(text));
    if (items.length < 1 || items.length > MOST_TASKS)
      throw malformed("Cairn-Task", `must be 1 to ${MOST_TASKS} tasks`);
    const situations = items.map((item) => situationOf(item as Item));
    const earlier = situations.slice(0, -1).flatMap(({ task }) => task ?? []);
    return { situation: situations.at(-1)!, ...(earlier.length > 0 ? { earlier } : {}) };
  },
};

function situationOf([name, parameters]: Item): Situation {
  const {
    criticality,
    seconds,
    fanout: fanOut,
    progress,
    event,
    ...unknown
  } = Object.fromEntries(parameters);
  for (const key of Object.keys(unknown)) throw malformed("Cairn-Task", `the parameter ${key} is unknown`);
  const known = present({ criticality, seconds, fanOut });
  const isTask = name !== false || Object.keys(known).length > 0;
  const task = isTask ? { name: textOf(name), ...known } : undefined;
  const situation = present({ task, progress, event: textOf(event) });
  return parseWith(Situation(), situation, "Cairn-Task", () => "Cairn-Task");
}

function textOf(value: unknown): unknown {
  return value instanceof DisplayString ? value.toString() : value;
}

/** RFC 7240: what one does not know or cannot do is passed over. */
export const prefer: HeaderSpec<ReadonlySet<string>> = {
  name: "Prefer",
  description: "`profile`: answer what was learned of the pipeline's kind as well, to decide by.",
  example: "profile",
  parse: (text) => new Set((text ?? "").split(",").map((each) => each.trim().toLowerCase())),
};

export const range: HeaderSpec<ReturnType<typeof parseRange>> = {
  name: "Range",
  description: "RFC 9110 §14: one range of bytes is answered by 206; of several, all is answered.",
  example: "bytes=0-3999999",
  parse: parseRange,
};

/** The headers that every changing verb takes. */
export const writeHeaders = { fence, idempotencyKey };

/** Who writes, by the headers of the request. */
export function callerOf(headers: {
  fence?: number | undefined;
  idempotencyKey?: string | undefined;
}): Caller {
  return present({ fence: headers.fence, idempotencyKey: headers.idempotencyKey });
}

/** @throws CairnError `digest_mismatch` when the bytes are not those that the digest was made of */
export async function checkDigest(wanted: Uint8Array | undefined, bytes: Uint8Array): Promise<void> {
  if (wanted === undefined) return;
  const actual = await sha256(bytes);
  if (actual.every((byte, i) => byte === wanted[i])) return;
  const detail = `The SHA-256 of the ${bytes.length} bytes received is not the one in Repr-Digest.`;
  throw new CairnError("digest_mismatch", detail);
}

function structuredString(name: string, text: string): string {
  const [value, parameters] = structured(name, () => parseItem(text));
  if (typeof value === "string" && parameters.size === 0) return value;
  throw malformed(name, "must be one string");
}

function structured<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw malformed(name, "is not a structured field (RFC 9651)");
  }
}
