import type { Random } from "./random.ts";

/** A state as pipelines have it: some fields change, most stay. */
export interface Document {
  tenant: string;
  pipelineId: string;
  step: number;
  writer: string;
  rows: number[];
  [extra: string]: unknown;
}

export function firstDocument(tenant: string, pipelineId: string, random: Random): Document {
  const rows = Array.from({ length: random.int(5, 90) }, () => random.int(0, 99_999));
  return { tenant, pipelineId, step: 0, writer: "", rows };
}

export function nextDocument(before: Document, writer: string, random: Random): Document {
  const rows = [...(before.rows ?? [])];
  if (rows.length > 0) rows[random.int(0, rows.length - 1)] = random.int(0, 99_999);
  if (random.chance(0.3)) rows.push(random.int(0, 99_999));
  return { ...before, step: before.step + 1, writer, rows };
}

export function patchFor(writer: string, random: Random): Record<string, unknown> {
  const name = `extra${random.int(0, 3)}`;
  return { writer, step: random.int(0, 99), [name]: random.chance(0.3) ? null : { at: random.int(0, 999) } };
}

const text = new TextEncoder();

export function bytesOf(document: unknown): Uint8Array {
  return text.encode(JSON.stringify(document));
}
