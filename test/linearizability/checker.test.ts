import { describe, expect, test } from "vitest";
import { random } from "../simulation/random.ts";
import { linearize } from "./checker.ts";
import { pipelineModel } from "./model.ts";
import { mutations } from "./mutations.ts";
import type { Answer, Operation, Request } from "./operations.ts";
import { randomHistory } from "./random-history.ts";
import { smallest } from "./smallest.ts";

const model = pipelineModel(0);
const kindOf = (history: readonly Operation[]) => linearize(model, history).kind;

let clients = 0;

/** Without an answer: it never returned. */
function at(invoked: number, returned: number, request: Request, answer: Answer | null = null): Operation {
  return { client: clients++, request, answer, invoked, returned };
}

const save = (value: string, over?: number | "absent", fence?: number): Request => ({
  verb: "save",
  value,
  ...(over === undefined ? {} : { over }),
  ...(fence === undefined ? {} : { fence }),
});
const saved = (version: number): Answer => ({ is: "saved", version });
const read: Request = { verb: "read" };
const content = (version: number, value: string): Answer => ({ is: "content", version, value });
const take = (owner: string): Request => ({ verb: "take", owner, ttlSeconds: 1 });
const taken = (fence: number): Answer => ({ is: "taken", fence });
const renew = (fence: number): Request => ({ verb: "renew", fence, ttlSeconds: 1 });
const release = (fence: number): Request => ({ verb: "release", fence });
const first = at(0, 1, save("a"), saved(1));
const never = Number.POSITIVE_INFINITY;

const LINEARIZABLE: Record<string, Operation[]> = {
  nothing: [],
  "one thing after another": [
    at(0, 1, read, { is: "missing" }),
    at(2, 3, save("a", "absent"), saved(1)),
    at(4, 5, save("b", 1), saved(2)),
    at(6, 7, save("c", 1), { is: "otherVersion", version: 2 }),
    at(8, 9, read, content(2, "b")),
  ],
  "overlapping saves, in the other order": [
    at(0, 9, save("a"), saved(2)),
    at(1, 8, save("b"), saved(1)),
    at(10, 11, read, content(2, "a")),
  ],
  "a read beside a save sees what was before, or what comes": [
    first,
    at(2, 9, save("b"), saved(2)),
    at(3, 4, read, content(1, "a")),
    at(5, 6, read, content(2, "b")),
  ],
  "a save without an answer that was done": [
    first,
    at(2, never, save("b")),
    at(3, 4, read, content(1, "a")),
    at(5, 6, read, content(2, "b")),
  ],
  "a save without an answer that was not done": [
    first,
    at(2, never, save("b")),
    at(3, 4, save("c"), saved(2)),
  ],
  "a save without an answer that is done late, after a compare-and-set": [
    first,
    at(2, never, save("b")),
    at(3, 4, save("c", 1), saved(2)),
    at(5, 6, read, content(3, "b")),
  ],
  "a lease: others wait, and its holder writes": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(4, 5, take("y"), { is: "leaseHeld" }),
    at(6, 7, save("b"), { is: "leaseHeld" }),
    at(8, 9, save("b", undefined, 1), saved(2)),
    at(10, 11, release(1), { is: "released" }),
    at(12, 13, renew(1), { is: "fenceLost" }),
    at(14, 15, save("c"), saved(3)),
    at(16, 17, take("y"), taken(2)),
    at(18, 19, save("d", undefined, 1), { is: "fenceLost" }),
  ],
  "a lease that has run out may still be honoured, or not": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(1100, 1101, save("b"), { is: "leaseHeld" }),
    at(1102, 1103, save("b"), saved(2)),
    at(1104, 1105, renew(1), { is: "renewed" }),
    at(1106, 1107, save("c"), { is: "leaseHeld" }),
  ],
};

const VIOLATIONS: Record<string, Operation[]> = {
  "a stale read": [first, at(2, 3, save("b"), saved(2)), at(4, 5, read, content(1, "a"))],
  "two reads that disagree about what came first": [
    first,
    at(2, 9, save("b"), saved(2)),
    at(3, 4, read, content(2, "b")),
    at(5, 6, read, content(1, "a")),
  ],
  "a lost update: two compare-and-sets over one version": [
    first,
    at(2, 9, save("b", 1), saved(2)),
    at(2, 9, save("c", 1), saved(3)),
  ],
  "two creates": [at(0, 9, save("a", "absent"), saved(1)), at(0, 9, save("b", "absent"), saved(2))],
  "a save that was applied twice": [
    first,
    at(2, 3, save("b"), saved(2)),
    at(4, 5, save("c"), saved(3)),
    at(6, 7, read, content(4, "b")),
  ],
  "a save that was acknowledged and is gone": [
    first,
    at(2, 3, save("b"), saved(2)),
    at(4, 5, save("c"), saved(2)),
  ],
  "a read of what nobody saved": [first, at(2, 3, read, content(1, "z"))],
  "a read of what was only refused": [
    first,
    at(2, 3, save("b", 7), { is: "otherVersion", version: 1 }),
    at(4, 5, read, content(2, "b")),
  ],
  "a read before the save": [first, at(2, 3, read, content(2, "b")), at(4, 5, save("b"), saved(2))],
  "a refusal without a reason": [first, at(2, 3, save("b", 1), { is: "otherVersion", version: 1 })],
  "a live lease that is taken by another": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(4, 5, take("y"), taken(2)),
  ],
  "a write under a live lease without its fence": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(4, 900, save("b"), saved(2)),
  ],
  "a save of a holder did not renew its lease": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(900, 901, save("b", undefined, 1), saved(2)),
    at(1100, 1101, save("c"), saved(3)),
  ],
  "a write with a fence that was lost": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(4, 5, take("x"), taken(2)),
    at(6, 7, save("b", undefined, 1), saved(2)),
  ],
  "one fence twice": [first, at(2, 9, take("x"), taken(1)), at(2, 9, take("x"), taken(1))],
  "a lease that never runs out": [
    first,
    at(2, 3, take("x"), taken(1)),
    at(5000, 5001, take("y"), { is: "leaseHeld" }),
  ],
  "an error of the service": [first, at(2, 3, read, { is: "wrong", what: "500 internal" })],
};

describe("the checker", () => {
  test.each(Object.entries(LINEARIZABLE))("explains %s", (_, history) => {
    expect(kindOf(history)).toBe("linearizable");
  });

  test.each(Object.entries(VIOLATIONS))("finds %s", (_, history) => {
    expect(kindOf(history)).toBe("violation");
  });

  test("a write that was refused when it was sent again can only be done after that", () => {
    const refused = at(4, 5, save("b", 1), { is: "otherVersion", version: 2 });
    const open = { ...at(2, never, save("b", 1)), follows: refused };
    const before = [first, at(6, 7, read, content(2, "b"))];
    expect(kindOf([...before, refused, open])).toBe("violation");
    const held = at(4, 5, save("b"), { is: "leaseHeld" });
    const lease = [at(2, 3, take("x"), taken(1)), at(6, 7, release(1), { is: "released" })];
    const late = [held, { ...at(2, never, save("b")), follows: held }, at(8, 9, read, content(2, "b"))];
    expect(kindOf([first, ...lease, ...late])).toBe("linearizable");
  });

  test("gives up when there is too much to look at", () => {
    const history = Array.from({ length: 12 }, (_, i) => at(0, 9, save(`${i}`), saved(99)));
    const open = Array.from({ length: 12 }, (_, i) => at(0, never, save(`open ${i}`)));
    expect(linearize(model, [...history, ...open], 1000).kind).toBe("undecided");
  });

  test("the order that it finds explains every answer", () => {
    const verdict = linearize(model, LINEARIZABLE["overlapping saves, in the other order"]!);
    expect(verdict.kind === "linearizable" && verdict.order.map(({ request }) => request)).toEqual([
      save("b"),
      save("a"),
      read,
    ]);
  });
});

describe("histories of the model itself", () => {
  const histories = Array.from({ length: 150 }, (_, seed) => randomHistory(random(seed), 40));

  test("are linearizable", () => {
    expect(histories.map(kindOf)).toEqual(histories.map(() => "linearizable"));
  });

  test("are not, when one answer is changed", () => {
    const mutated: Record<string, number> = {};
    for (const history of histories)
      for (const [name, changed] of Object.entries(mutations(history))) {
        expect(kindOf(changed), name).toBe("violation");
        mutated[name] = (mutated[name] ?? 0) + 1;
      }
    expect(Object.keys(mutated).length).toBe(5);
    for (const count of Object.values(mutated)) expect(count).toBeGreaterThan(25);
  });

  test("a violation is made small, and stays one", () => {
    for (const history of histories.slice(0, 50)) {
      const changed = mutations(history)["a stale read"];
      if (!changed) continue;
      const part = smallest(model, changed);
      expect(kindOf(part)).toBe("violation");
      expect(part.length).toBeLessThan(changed.length);
    }
  });
});
