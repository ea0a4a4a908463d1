import type { Answer, Operation } from "./operations.ts";

type Answered<A extends Answer> = Operation & { answer: A };

/** What a broken service would have answered: each is certainly not linearizable, whatever else was going on. */
export function mutations(history: readonly Operation[]): Record<string, Operation[]> {
  const reads = answered<"content">(history, "content");
  const saves = answered<"saved">(history, "saved");
  const takes = answered<"taken">(history, "taken");
  const found: Record<string, Operation[]> = {};
  const change = (name: string, operation: Operation | undefined, answer: Answer | undefined) => {
    if (operation && answer)
      found[name] = history.map((each) => (each === operation ? { ...each, answer } : each));
  };
  const [read] = reads;
  change("a value that nobody saved", read, read && { ...read.answer, value: "9.9" });
  const [stale, old] = staleRead(reads, saves);
  change("a stale read", stale, old);
  change("two saves of one version", saves[1], saves[0]?.answer);
  change("two grants of one fence", takes[1], takes[0]?.answer);
  const [again, first] = readOfSave(reads, saves);
  change("a save that was applied twice", again, first && { ...again!.answer, version: first.version + 1 });
  return found;
}

function answered<I extends Answer["is"]>(history: readonly Operation[], is: I) {
  return history.filter((each) => each.answer?.is === is) as Answered<Extract<Answer, { is: I }>>[];
}

type Content = Extract<Answer, { is: "content" }>;
type Saved = Extract<Answer, { is: "saved" }>;

/** A read, and what was there before a save that had returned when the read began. */
function staleRead(
  reads: readonly Answered<Content>[],
  saves: readonly Answered<Saved>[],
): [Operation?, Content?] {
  for (const read of reads) {
    const before = saves.filter((save) => save.returned < read.invoked);
    const newest = Math.max(...before.map(({ answer }) => answer.version));
    const old = before.find(({ answer }) => answer.version < newest);
    if (old?.request.verb !== "save") continue;
    return [read, { is: "content", version: old.answer.version, value: old.request.value }];
  }
  return [];
}

/** A read of what a save that was answered has saved. */
function readOfSave(
  reads: readonly Answered<Content>[],
  saves: readonly Answered<Saved>[],
): [Answered<Content>?, Content?] {
  for (const read of reads) {
    if (saves.some(({ answer }) => answer.version === read.answer.version)) return [read, read.answer];
  }
  return [];
}
