import {
  byAmount,
  compare,
  count,
  documentFrequencies,
  type Near,
  round,
  type Term,
  tokenise,
  weigh,
} from "./words.ts";

export interface Document {
  /** Path below node_modules. */
  name: string;
  text: string;
}

/** Reads the documents of one batch; the same every time. */
export type Corpus = (batch: number) => Document[];

/** What the pipeline saves: every result so far, by batch. Nothing in it tells when or by whom it was made. */
export interface State {
  done: string[];
  documents: Document[][];
  tokens: string[][];
  counts: Term[][][];
  weights: Term[][][];
  links: Link[][];
  report: { terms: Term[]; pairs: Pair[]; text: string };
}

/** What a document has to do with the others. */
interface Link {
  name: string;
  near: Near[];
  /** Packages that its text names. */
  mentions: string[];
}

interface Pair extends Near {
  with: string;
}

export interface Task {
  /** `stage/number`. */
  name: string;
  stage: string;
  /** Whether its stage is complete with it. */
  last: boolean;
  run(state: State, corpus: Corpus): State;
}

export const BATCHES = 9;

type Step = (state: State, batch: number, corpus: Corpus) => Partial<State>;

const perBatch: Record<string, Step> = {
  collect: ({ documents }, batch, corpus) => ({ documents: [...documents, corpus(batch)] }),
  tokenise: ({ documents, tokens }, batch) => ({
    tokens: [...tokens, documents[batch]!.map(({ text }) => tokenise(text).join(" "))],
  }),
  count: ({ tokens, counts }, batch) => ({
    counts: [...counts, tokens[batch]!.map((words) => count(words.split(" ").filter(Boolean)))],
  }),
  weigh: ({ counts, weights }, batch) => {
    const all = counts.flat();
    const frequencies = documentFrequencies(all);
    return { weights: [...weights, counts[batch]!.map((each) => weigh(each, frequencies, all.length, 40))] };
  },
  "cross-reference": (state, batch) => ({ links: [...state.links, crossReference(state, batch)] }),
};

const reports: Step[] = [
  ({ weights, report }) => ({ report: { ...report, terms: strongest(weights.flat(2)).slice(0, 100) } }),
  ({ links, report }) => ({ report: { ...report, pairs: closest(links.flat()).slice(0, 50) } }),
  (state) => ({ report: { ...state.report, text: write(state) } }),
];

/** Every task in its order, each needing those before it. */
export const tasks: readonly Task[] = [
  ...Object.entries(perBatch).flatMap(([stage, step]) => stageOf(stage, Array(BATCHES).fill(step))),
  ...stageOf("report", reports),
];

function stageOf(stage: string, steps: Step[]): Task[] {
  return steps.map((step, index) => {
    const name = `${stage}/${index + 1}`;
    const run: Task["run"] = (state, corpus) => ({
      ...state,
      ...step(state, index, corpus),
      done: [...state.done, name],
    });
    return { name, stage, last: index === steps.length - 1, run };
  });
}

/** The state of a pipeline that has done nothing yet. */
export function emptyState(): State {
  const report = { terms: [], pairs: [], text: "" };
  return { done: [], documents: [], tokens: [], counts: [], weights: [], links: [], report };
}

/** What is left to do, by what the state says is done. */
export function remaining({ done }: State): Task[] {
  return tasks.filter(({ name }) => !done.includes(name));
}

function crossReference({ documents, weights }: State, batch: number): Link[] {
  const all = documents.flat();
  const vectors = weights.flat();
  return documents[batch]!.map(({ name, text }, index) => {
    const own = weights[batch]![index]!;
    const near = all
      .map((other, i) => ({ name: other.name, ...compare(own, vectors[i]!) }))
      .filter((other) => other.name !== name && other.score > 0)
      .sort((a, b) => byAmount([a.name, a.score], [b.name, b.score]));
    return { name, near: near.slice(0, 5), mentions: mentions(name, text, all) };
  });
}

function mentions(name: string, text: string, all: readonly Document[]): string[] {
  const words = new Set(text.match(/@?[a-z0-9][a-z0-9./-]*[a-z0-9]/g));
  const packages = new Set(all.map((document) => packageOf(document.name)));
  return [...packages].filter((each) => each !== packageOf(name) && words.has(each));
}

function packageOf(name: string): string {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

function strongest(terms: readonly Term[]): Term[] {
  const sums = new Map<string, number>();
  for (const [term, weight] of terms) sums.set(term, (sums.get(term) ?? 0) + weight);
  return [...sums].map(([term, sum]): Term => [term, round(sum)]).sort(byAmount);
}

/** Each pair once, the most alike first. */
function closest(links: readonly Link[]): Pair[] {
  const pairs = links.flatMap(({ name, near }) => near.map((other) => ({ ...other, with: name })));
  const once = new Map(pairs.map((pair) => [[pair.name, pair.with].sort().join(" "), pair]));
  return [...once].sort(([a, x], [b, y]) => byAmount([a, x.score], [b, y.score])).map(([, pair]) => pair);
}

function write({ documents, counts, links, report }: State): string {
  const words = counts.flat(2).reduce((sum, [, n]) => sum + n, 0);
  const named = strongest(links.flat().flatMap((link) => link.mentions.map((each): Term => [each, 1])));
  return [
    `# ${documents.flat().length} documents, ${words} words`,
    `Words that tell them apart: ${report.terms
      .slice(0, 12)
      .map(([term]) => term)
      .join(", ")}.`,
    `Most often named by others: ${named
      .slice(0, 6)
      .map(([name, n]) => `${name} (${n})`)
      .join(", ")}.`,
    "Most alike:",
    ...report.pairs.slice(0, 10).map((pair) => `- ${pair.name} and ${pair.with}: ${pair.shared.join(", ")}`),
  ].join("\n");
}
