import { nodeCrypto } from "../../backends/node-crypto.ts";
import { CairnError } from "../../model/errors.ts";
import { parseWith } from "../../model/parse.ts";
import type * as z from "../../model/zod.ts";
import { closingLine, contentOrder, Entry, EXPORT_FORMAT, Manifest, notWhole } from "./format.ts";
import { Scanner } from "./scanner.ts";

/** A content of the file: where it is, or what was wrong with it when it was exported. */
export type Exported = { file: Blob; inParts: boolean } | { damaged: string };

/** A file that was read to its end, and is right. */
export interface OpenedExport {
  manifest: Manifest;
  /** By their SHA-256, hex. */
  contents: ReadonlyMap<string, Exported>;
  /** Of all of it, but for its last line. */
  sha256: string;
}

/** Of the manifest: some ten thousands of checkpoints. */
const LONGEST_MANIFEST = 64 * 1024 * 1024;
const LONGEST_ENTRY = 4096;

/**
 * Reads an export to its end and checks all of it: every digest, every length, that what the manifest names is there
 * and nothing else, in its order. A little of it is in memory at a time.
 *
 * @throws CairnError `malformed` for what is no whole export, `unsupported_format` for a later release's
 */
export async function openExport(file: Blob): Promise<OpenedExport> {
  const scanner = new Scanner(file, nodeCrypto().createHash("sha256"));
  const manifest = manifestOf(await scanner.line(LONGEST_MANIFEST));
  checkManifest(manifest);
  const bytes = bytesOf(manifest);
  const contents = new Map<string, Exported>();
  for (const sha256 of contentOrder(manifest)) {
    const entry = parsed(Entry(), await scanner.line(LONGEST_ENTRY), "a content");
    if (entry.sha256 !== sha256) throw notWhole(`the content ${sha256} is not where it belongs`);
    contents.set(sha256, await contentOf(scanner, entry, bytes.get(sha256)!));
  }
  const { state } = manifest;
  if (state && "damaged" in contents.get(state.sha256)!) throw notWhole("its state is damaged");
  return { manifest, contents, sha256: await scanner.end(closingLine) };
}

async function contentOf(scanner: Scanner, entry: Entry, bytes: number): Promise<Exported> {
  const { damaged, inParts = false } = entry;
  if (entry.bytes !== (damaged === undefined ? bytes : 0))
    throw notWhole(`the content ${entry.sha256} has another length`);
  if (damaged !== undefined) return { damaged };
  const { file, sha256 } = await scanner.content(entry.bytes);
  if (sha256 !== entry.sha256) throw notWhole(`the content ${entry.sha256} does not match its digest`);
  return { file, inParts };
}

function manifestOf(line: Uint8Array): Manifest {
  const value = jsonOf(line, "its first line");
  const { cairn, format } = Object(value) as { cairn?: unknown; format?: unknown };
  if (cairn === "export" && Number.isInteger(format) && (format as number) > EXPORT_FORMAT)
    throw new CairnError("unsupported_format", "The file was exported by a later release.");
  return checked(Manifest(), value, "its first line");
}

function parsed<S extends z.ZodMiniType>(schema: S, line: Uint8Array, what: string): z.output<S> {
  return checked(schema, jsonOf(line, `the line of ${what}`), `the line of ${what}`);
}

function checked<S extends z.ZodMiniType>(schema: S, value: unknown, what: string): z.output<S> {
  try {
    return parseWith(schema, value, what);
  } catch (error) {
    throw notWhole((error as Error).message.replace(/\.$/, ""), error);
  }
}

function jsonOf(line: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch (error) {
    throw notWhole(`${what} is not JSON`, error);
  }
}

/** What no pipeline is like: then the digests are right, but somebody else made them. */
function checkManifest({ state, checkpoints }: Manifest): void {
  const ids = new Set(checkpoints.map(({ checkpointId }) => checkpointId));
  if (ids.size < checkpoints.length) throw notWhole("a checkpoint is in it twice");
  const states = [...(state ? [state] : []), ...checkpoints.filter(({ source }) => source === "state")];
  if (!state && states.length > 0) throw notWhole("it has checkpoints of a state, and no state");
  for (const [i, record] of states.slice(1).entries()) {
    const newer = states[i]!;
    const same = record.sha256 === newer.sha256 && record.contentType === newer.contentType;
    if (record.version > newer.version || (record.version === newer.version && !same))
      throw notWhole("its versions contradict one another");
  }
  for (const [i, { sequence }] of checkpoints.slice(1).entries())
    if (sequence >= checkpoints[i]!.sequence) throw notWhole("its checkpoints are out of order");
}

function bytesOf({ state, checkpoints }: Manifest): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const record of [...(state ? [state] : []), ...checkpoints]) {
    const known = bytes.get(record.sha256) ?? record.bytes;
    if (known !== record.bytes) throw notWhole(`the content ${record.sha256} has two lengths`);
    bytes.set(record.sha256, known);
  }
  return bytes;
}
