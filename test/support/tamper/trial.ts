import type { Random } from "../../frames/delta/versions.ts";
import { edited, KINDS, type Kind } from "./edits.ts";
import { type Mode, makeHistories, type Outcome, readVersion, type Version } from "./history.ts";
import type { Medium, Slot, Tampered } from "./medium.ts";

export interface Tally {
  edits: number;
  /** Read as damage. */
  detected: number;
  /** Not served, for another reason than damage. */
  refused: number;
  /** What was served although it is wrong, in words. */
  served: string[];
  /** Edits that by chance changed nothing, and were replaced by others. */
  redrawn: number;
  byKind: Map<string, number>;
  /** What the edited frames are, and where. */
  byPlace: Map<string, number>;
}

/** An edit that is done: what it was, whether it changed anything, and how it is undone. */
interface Edit {
  changes: boolean;
  where: string;
  undo(): Promise<void>;
}

/**
 * Edits the stored bytes of random frames, one after another, reads a version that rests on each, and undoes the edit.
 * At the end everything is read once more, and must be right.
 */
export async function corrupt(
  { backend, medium }: Tampered,
  count: number,
  random: Random,
  modes?: readonly Mode[],
): Promise<Tally> {
  const { chains, parts } = await makeHistories(backend, random, modes);
  const tally: Tally = {
    edits: 0,
    detected: 0,
    refused: 0,
    served: [],
    redrawn: 0,
    byKind: new Map(),
    byPlace: new Map(),
  };
  while (tally.edits < count) {
    if (tally.redrawn > 10 * count) throw new Error("nearly no edit changes anything");
    const kind = KINDS[random(KINDS.length)]!;
    const sorts = random(5) === 0 ? parts : chains;
    const sort = sorts[random(sorts.length)]!;
    const pipeline = random(sort.length);
    const version = random(sort[pipeline]!.length);
    const victim = sort[pipeline]![version]!;
    const place = random(victim.frameIds.length);
    const edit = await makeEdit(medium, kind, { sort, pipeline, version, place }, random);
    if (!edit) continue;
    const outcome = edit.changes ? await readVersion(victim) : "right";
    await edit.undo();
    record(tally, kind, `${sortOf(victim, place)} in ${edit.where}`, outcome);
  }
  for (const version of [...chains, ...parts].flat(2)) {
    const outcome = await readVersion(version);
    if (outcome !== "right") throw new Error(`after all edits were undone, a version is ${outcome}`);
  }
  return tally;
}

function record(tally: Tally, kind: Kind, place: string, outcome: Outcome): void {
  if (outcome === "right") {
    tally.redrawn++;
    return;
  }
  tally.edits++;
  for (const [map, name] of [
    [tally.byKind, kind],
    [tally.byPlace, place],
  ] as const)
    map.set(name, (map.get(name) ?? 0) + 1);
  if (outcome === "damage") tally.detected++;
  if (outcome === "refused") tally.refused++;
  if (outcome === "wrong") tally.served.push(`${kind}, ${place}`);
}

function sortOf({ record, frameIds }: Version, place: number): string {
  if (record.frame.parts) return place === 0 ? "index" : "part";
  if (place === 0) return "full";
  return place === frameIds.length - 1 ? "last delta" : "delta";
}

interface Place {
  sort: Version[][];
  pipeline: number;
  version: number;
  place: number;
}

/** Null when there is no frame for such an edit. */
async function makeEdit(medium: Medium, kind: Kind, at: Place, random: Random): Promise<Edit | null> {
  const victim = at.sort[at.pipeline]![at.version]!;
  const own = await medium(victim.key, victim.frameIds[at.place]!);
  const before = (await own.read())!;
  const from = partner(kind, at, random);
  if (from === undefined) return replace([[own, before, edited(kind, before, random)]]);
  if (from === null) return null;
  const other = await medium(from.version.key, from.frameId);
  const others = (await other.read())!;
  if (kind === "replay") return replace([[own, before, others]]);
  return replace([
    [own, before, others],
    [other, others, before],
  ]);
}

/** The frame whose bytes an edit needs as well; undefined: none; null: there is none of that sort. */
function partner(
  kind: Kind,
  { sort, pipeline, version, place }: Place,
  random: Random,
): { version: Version; frameId: string } | null | undefined {
  if (kind === "replay") {
    const older = sort[pipeline]![random(version + 1)]!;
    const frameId = older.frameIds[random(older.frameIds.length)]!;
    return frameId === sort[pipeline]![version]!.frameIds[place] ? null : { version: older, frameId };
  }
  if (!kind.startsWith("swap")) return undefined;
  const { tenant } = sort[pipeline]![version]!.key;
  const others = sort.filter(
    (versions, i) => i !== pipeline && (versions[0]!.key.tenant === tenant) === (kind === "swap: pipelines"),
  );
  const other = others[random(Math.max(1, others.length))]?.[version];
  const frameId = other?.frameIds[place];
  return other && frameId !== undefined ? { version: other, frameId } : null;
}

async function replace(changes: [Slot, Uint8Array, Uint8Array | null][]): Promise<Edit> {
  for (const [slot, , after] of changes) await slot.write(after);
  const [[slot, before, after]] = changes as [(typeof changes)[0]];
  return {
    where: slot.where,
    changes: after === null || Buffer.compare(before, after) !== 0,
    async undo() {
      for (const [slot, bytes] of changes) await slot.write(bytes);
    },
  };
}
