import { Annotation, DeltaChannel, END, type MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { inProcess } from "../../src/http/in-process.ts";
import { CairnSaver, type CairnSaverOptions } from "../../src/langgraph/index.ts";

type Saver = CairnSaver | MemorySaver;

/** Makes savers over one service in this process. */
export function savers(backend: StorageBackend = memoryBackend()) {
  const service = inProcess({ backend });
  return (options: Partial<CairnSaverOptions> = {}) => new CairnSaver({ ...service, ...options });
}

const concat = (a: string[], b: string[]) => a.concat(b);

/** A state with a channel of each sort that savers treat differently. */
export const State = Annotation.Root({
  who: Annotation<string>,
  log: Annotation<string[]>({ reducer: concat, default: () => [] }),
  /** Kept as the writes of the checkpoints before. */
  deltas: () =>
    new DeltaChannel<string[], string[]>((state, writes) => writes.reduce(concat, state), {
      initialValueFactory: () => [],
      snapshotFrequency: 5,
    }),
});

export function twoSteps(checkpointer: Saver) {
  return new StateGraph(State)
    .addNode("work", ({ who }) => ({ log: [`${who} worked`], deltas: [`${who} worked`] }))
    .addNode("rest", ({ who }) => ({ log: [`${who} rested`], deltas: [`${who} rested`] }))
    .addEdge(START, "work")
    .addEdge("work", "rest")
    .addEdge("rest", END)
    .compile({ checkpointer });
}

export function inThread(thread_id: string, checkpoint_id?: string) {
  return { configurable: { thread_id, ...(checkpoint_id && { checkpoint_id }) } };
}
