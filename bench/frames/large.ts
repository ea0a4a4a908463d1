import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { items, json, randomFrom } from "../../test/frames/delta/versions.ts";
import type { Place } from "../workers/service.ts";
import { type Child, startChild } from "./child.ts";
import { figure, type Report } from "./report.ts";
import { forgetPeak, residentOf } from "./resident.ts";
import { SEED } from "./states.ts";

const MB = 1_000_000;
const PART = 4 * MB;
const PARTS = 25;
const TOTAL = PART * PARTS;
/** So many parts are on their way at once. */
const AT_ONCE = 3;
const OVER_IDLE = 128;

/** A state of 100 MB in parts, through HTTP, to a service in a process of its own over stores in another. */
export async function large(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "cairn-bench-"));
  const stores = await startChild<Required<Pick<Place, "s3" | "dynamo">>>("stores.ts");
  const { s3, dynamo } = stores.told;
  const places: Record<string, Place> = {
    "object, folder": { folder },
    "object, S3": { s3 },
    "dynamodb + S3": { s3: { ...s3, prefix: "dynamo" }, dynamo },
  };
  try {
    for (const [name, place] of Object.entries(places)) await throughService(report, name, place);
  } finally {
    await stores.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughService(report: Report, name: string, place: Place): Promise<void> {
  const service = await startChild<{ port: number }>("service.ts", [JSON.stringify(place)]);
  try {
    await measure(report, name, service);
  } finally {
    await service.stop();
  }
}

async function measure(
  report: Report,
  name: string,
  { pid, told: { port } }: Child<{ port: number }>,
): Promise<void> {
  const url = `http://127.0.0.1:${port}/v1/pipelines`;
  // Once with a small state, so that what is loaded lazily is not counted.
  await save(`${url}/warm`, [contentOf(0).subarray(0, 100_000)]);
  await read(`${url}/warm`);
  const idle = residentOf(pid).now;
  forgetPeak(pid);
  const parts = Array.from({ length: PARTS }, (_, i) => contentOf(i));
  const saving = await seconds(() => save(`${url}/large`, parts));
  const afterSave = residentOf(pid).peak;
  forgetPeak(pid);
  const loading = await seconds(() => read(`${url}/large`));
  const ranges = await readRanges(`${url}/large`, parts);
  const peak = Math.max(afterSave, residentOf(pid).peak);
  const wrong = (loading.result === digestOf(parts) ? 0 : 1) + ranges;
  const rate = (time: number) => `${figure(TOTAL / MB / time)} MB/s`;
  report.add({
    what: `${name}: resident memory over idle, at its peak`,
    value: (peak - idle) / 1024 / 1024,
    unit: "MB",
    limit: OVER_IDLE,
    peer: `idle ${figure(idle / 1024 / 1024)} MB; the state: ${figure(TOTAL / 1024 / 1024)} MB`,
  });
  const peer = `saved at ${rate(saving.seconds)}, loaded at ${rate(loading.seconds)}`;
  report.add({ what: `${name}: reads that are not what was saved`, value: wrong, limit: 0, peer });
}

async function seconds<T>(task: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await task();
  return { result, seconds: (performance.now() - start) / 1000 };
}

let chunk: Uint8Array | null = null;

/** JSON text that no two parts have in common at their start, and no two share at the same place. */
function contentOf(part: number): Uint8Array {
  chunk ??= json(items(26_000, randomFrom(SEED))).subarray(0, PART);
  const shift = part * 1000;
  const content = new Uint8Array(PART);
  content.set(chunk.subarray(shift));
  content.set(chunk.subarray(0, shift), PART - shift);
  return content;
}

function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("base64");
}

async function save(pipeline: string, parts: readonly Uint8Array[]): Promise<void> {
  const { uploadId } = await ask<{ uploadId: string }>(`${pipeline}/uploads`, { method: "POST" });
  const tokens: string[] = [];
  const waiting = [...parts.entries()];
  const upload = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [i, body] = next as [number, Uint8Array<ArrayBuffer>];
      const to = `${pipeline}/uploads/${uploadId}/parts/${i + 1}`;
      tokens[i] = (await ask<{ token: string }>(to, { method: "PUT", body })).token;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, upload));
  const headers = {
    "Content-Type": "application/vnd.cairn.parts+json",
    "Repr-Digest": `sha-256=:${digestOf(parts)}:`,
  };
  const body = JSON.stringify({ uploadId, contentType: "application/octet-stream", parts: tokens });
  await ask(`${pipeline}/state`, { method: "PUT", headers, body });
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** The SHA-256 of what came, base64. */
async function read(pipeline: string): Promise<string> {
  const answer = await fetch(`${pipeline}/state`);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const hash = createHash("sha256");
  for await (const some of answer.body!) hash.update(some);
  return hash.digest("base64");
}

/** How many ranges came back as another content: of one byte, across parts, at the end. */
async function readRanges(pipeline: string, parts: readonly Uint8Array[]): Promise<number> {
  const whole = Buffer.concat(parts);
  const ranges: [number, number][] = [
    [0, 1],
    [PART - 10, PART + 10],
    [3 * PART + 5, 6 * PART - 7],
    [TOTAL - 1000, TOTAL],
  ];
  let wrong = 0;
  for (const [from, end] of ranges) {
    const answer = await fetch(`${pipeline}/state`, { headers: { Range: `bytes=${from}-${end - 1}` } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 206 || !bytes.equals(whole.subarray(from, end))) wrong++;
  }
  return wrong;
}
