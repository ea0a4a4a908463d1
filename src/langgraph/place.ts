import { sha256Hex } from "../frames/digest.ts";

/** A history of checkpoints in LangGraph: a thread, or a subgraph's part of one. */
export interface Place {
  thread: string;
  /** `checkpoint_ns`; the graph itself: `""`. */
  namespace: string;
}

/** The kind of every pipeline that is a place. */
export const KIND = "langgraph";

const PLAIN = /^[A-Za-z0-9_-]+$/;
const LONGEST_ID = 128;
const LONGEST_LABEL = 200;

/** A place's pipeline. Different places never have the same: plain names have no dots, and hashed ones another prefix. */
export async function pipelineIdOf({ thread, namespace }: Place): Promise<string> {
  const id = namespace === "" ? `lg.${thread}` : `lg.${thread}.${namespace}`;
  const isPlain = PLAIN.test(thread) && (namespace === "" || PLAIN.test(namespace));
  if (isPlain && id.length <= LONGEST_ID) return id;
  // As JSON: what UTF-8 cannot say, half a surrogate pair, stays different.
  return `lgh.${await sha256Hex(JSON.stringify([thread, namespace]))}`;
}

/** The labels by which the pipelines of a place are found. */
export async function labelsOf(place: Partial<Place>): Promise<Record<string, string>> {
  const labels = (["thread", "namespace"] as const).flatMap((name) => {
    const value = place[name];
    return value === undefined ? [] : [labelOf(value).then((label) => [name, label] as const)];
  });
  return Object.fromEntries(await Promise.all(labels));
}

/** A name itself where a label may hold it; different names never have the same. */
async function labelOf(name: string): Promise<string> {
  const fits = name.length <= LONGEST_LABEL && !name.startsWith("sha256-") && name.isWellFormed();
  return fits ? name : `sha256-${await sha256Hex(JSON.stringify(name))}`;
}
