import { expect, test } from "vitest";
import { type Corpus, emptyState, remaining, type State, tasks } from "../../demo/stages.ts";

const subjects = ["fence", "lease", "frame", "delta", "sweep", "digest", "segment", "marker"];

/** Two documents a batch; names, some of them packages of a scope, are mentioned by the others. */
const corpus: Corpus = (batch) =>
  [0, 1].map((index) => {
    const name = index === 0 ? `cairn-${batch}/README.md` : `@cairn/docs-${batch}/docs/README.md`;
    const subject = subjects[(batch * 2 + index) % subjects.length]!;
    const text = `# The ${subject}s\n\nSee \`cairn-${(batch + 1) % 9}\`. ${`A ${subject} holds what a pipeline saved. `.repeat(batch + 1)}`;
    return { name, text: `${text} Constructors, __proto__ and 404 are words too.` };
  });

function runAll(from: State): State {
  return remaining(from).reduce((state, task) => task.run(state, corpus), from);
}

const whole = JSON.stringify(runAll(emptyState()));

test("at least 40 tasks in 6 stages, each with a name of its own and one end a stage", () => {
  expect(tasks.length).toBeGreaterThanOrEqual(40);
  expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length);
  const ends = tasks.filter(({ last }) => last).map(({ stage }) => stage);
  expect(ends).toEqual(["collect", "tokenise", "count", "weigh", "cross-reference", "report"]);
});

test("the same documents give the same bytes", () => {
  expect(JSON.stringify(runAll(emptyState()))).toBe(whole);
});

test("whoever goes on from any saved state comes to the same bytes", () => {
  let state = emptyState();
  for (const task of tasks) {
    const text = JSON.stringify(state);
    expect(JSON.stringify(runAll(JSON.parse(text)))).toBe(whole);
    state = task.run(JSON.parse(text), corpus);
  }
  expect(remaining(state)).toEqual([]);
});

test("a task leaves the state it was given as it was", () => {
  const half = tasks.slice(0, 24).reduce((state, task) => task.run(state, corpus), emptyState());
  const before = JSON.stringify(half);
  remaining(half)[0]!.run(half, corpus);
  expect(JSON.stringify(half)).toBe(before);
});

test("the report tells what the documents are about and who names whom", () => {
  const { report, links } = runAll(emptyState());
  expect(report.text).toContain("# 18 documents");
  expect(report.terms.map(([term]) => term)).toContain("fence");
  expect(links[0]![0]!.mentions).toEqual(["cairn-1"]);
  expect(report.pairs.every((pair) => pair.name !== pair.with)).toBe(true);
});

test("a machine with hardly any documents still comes to an end", () => {
  const bare: Corpus = (batch) => (batch === 0 ? [{ name: "one/README.md", text: "" }] : []);
  const end = tasks.reduce((state, task) => task.run(state, bare), emptyState());
  expect(end.report.text).toContain("# 1 documents, 0 words");
});
