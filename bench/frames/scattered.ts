import { gzipSync } from "node:zlib";
import { parcelOf } from "../../src/client/delta.ts";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { sha256 } from "../../src/frames/digest.ts";
import { MOST_UNVERIFIED } from "../../src/state/delta.ts";
import { edit, items, json, randomFrom } from "../../test/frames/delta/versions.ts";
import { type Child, startChild } from "./child.ts";
import { figure, meanOf, type Report, timed } from "./report.ts";
import { SEED } from "./states.ts";

const RECORDS = 122_000;
const CHECKPOINTS = 20;
const CLIENT_MS = 400;
const SERVER_MS = 15;

interface Save {
  /** Of the delta, as it is stored. */
  stored: number;
  /** Twice the JSON Patch between the two, compressed. */
  allowed: number;
  encodeMs: number;
  clientMs: number;
  serverMs: number;
  /** The service made the content itself, for too many versions in a row rested on what clients say. */
  rebuilt: boolean;
}

/** 20 MB of JSON, of whose records 1 % change in one, two or three fields between checkpoints. */
export async function scattered(report: Report): Promise<void> {
  const service = await startChild<{ port: number }>("service.ts", [JSON.stringify({ memory: true })]);
  try {
    await tell(report, service);
  } finally {
    await service.stop();
  }
}

async function tell(report: Report, service: Service): Promise<void> {
  const saves = await saveAll(service);
  const kept = saves.filter(({ rebuilt }) => !rebuilt);
  const rebuilt = saves.filter((save) => save.rebuilt);
  const whole = `whole, deflated: ${figure(gzipSync(json({ records: items(RECORDS, randomFrom(SEED)) })).length)}`;
  const stored = (what: string, of: Save[]) => {
    const ratios = of.map((save) => save.stored / save.allowed);
    const peer = `mean ${figure(meanOf(of.map((save) => save.stored)))} bytes; ${whole}`;
    report.add({
      what: `stored : 2 × gzip of the JSON Patch, ${what}`,
      value: Math.max(...ratios),
      limit: 1,
      peer,
    });
  };
  stored(`${kept.length} deltas taken as they came`, kept);
  stored(`all ${saves.length} saves`, saves);
  const most = (of: "encodeMs" | "clientMs") => Math.max(...saves.map((save) => save[of]));
  report.add({
    what: "encode at the client, the longest",
    value: most("encodeMs"),
    unit: "ms",
    limit: CLIENT_MS,
  });
  report.add({
    what: "encode, deflate and hash at the client",
    value: most("clientMs"),
    unit: "ms",
    limit: CLIENT_MS,
  });
  const server = (of: Save[]) => meanOf(of.map(({ serverMs }) => serverMs));
  const peer = await wholeMs(service);
  const add = (what: string, of: Save[], limit?: number) =>
    report.add({ what, value: server(of), unit: "ms", ...(limit === undefined ? {} : { limit }), peer });
  add(`service, a save that takes the delta (${kept.length})`, kept, SERVER_MS);
  add(`service, a save that rebuilds (${rebuilt.length})`, rebuilt);
  add(`service, all ${saves.length}`, saves, SERVER_MS);
}

type Service = Child<{ port: number }>;

async function saveAll(service: Service): Promise<Save[]> {
  const random = randomFrom(SEED);
  const records = items(RECORDS, random);
  let base = json({ records });
  await send(service, "scattered", "PUT", base, JSON_TYPE);
  const saves: Save[] = [];
  for (let version = 1; version <= CHECKPOINTS; version++) {
    const patch = edit(records, 0.01, random, 1 + (version % 3));
    const target = json({ records });
    const encode = await timed(() => encodeDelta(base, target));
    const client = await timed(() => clientSide(base, target));
    const { body, headers } = client.result;
    const conditions = { "If-Match": `"${version}"`, "Content-Type": "application/vnd.cairn.delta" };
    const { storedBytes, ms } = await send(service, "scattered", "PATCH", body, {
      ...headers,
      ...conditions,
    });
    const allowed = 2 * gzipSync(JSON.stringify(patch)).length;
    const rebuilt = version % (MOST_UNVERIFIED + 1) === 0;
    saves.push({
      stored: storedBytes,
      allowed,
      encodeMs: encode.ms,
      clientMs: client.ms,
      serverMs: ms,
      rebuilt,
    });
    base = target;
  }
  return saves;
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** What the SDK does before it sends anything. */
async function clientSide(base: Uint8Array, target: Uint8Array) {
  const digest = Buffer.from(await sha256(target)).toString("base64");
  const { body, headers } = await parcelOf(
    base as Uint8Array<ArrayBuffer>,
    target as Uint8Array<ArrayBuffer>,
  );
  return { body, headers: { ...headers, "Repr-Digest": `sha-256=:${digest}:` } };
}

/** With the processor time that the service took for it. */
async function send(
  { told: { port }, ask }: Service,
  pipeline: string,
  method: string,
  body: Uint8Array,
  headers: Record<string, string>,
): Promise<{ storedBytes: number; ms: number }> {
  const before = (await ask()) as number;
  const url = `http://127.0.0.1:${port}/v1/pipelines/${pipeline}/state?checkpoint=always`;
  const answer = await fetch(url, { method, body: body as Uint8Array<ArrayBuffer>, headers });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const { storedBytes } = (await answer.json()) as { storedBytes: number };
  return { storedBytes, ms: ((await ask()) as number) - before };
}

/** What the service takes for the same state sent whole. */
async function wholeMs(service: Service): Promise<string> {
  const body = json({ records: items(RECORDS, randomFrom(SEED)) });
  const { ms } = await send(service, "whole", "PUT", body, JSON_TYPE);
  return `sent whole: ${figure(ms)} ms`;
}
