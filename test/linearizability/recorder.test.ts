import { describe, expect, test } from "vitest";
import { contentOf, savedAs } from "./contents.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer, Request } from "./operations.ts";
import { ask } from "./recorder.ts";

const SAVE: Request = { verb: "save", value: "1.1" };
const SAVED: Answer = { is: "saved", version: 1 };
const HELD: Answer = { is: "leaseHeld" };
const OPEN = { answer: null, returned: Number.POSITIVE_INFINITY };

/** Asks until these answers are at an end. */
function asking(request: Request, ...answers: Exchange[]) {
  const left = [...answers];
  return ask(
    7,
    request,
    async () => left.shift()!,
    async () => left.length > 0,
  );
}

describe("what goes into the history", () => {
  test("is what was answered, from the first time it was sent", async () => {
    const { operations, sends } = await asking(SAVE, "unknown", "not done", SAVED);
    expect(operations).toMatchObject([{ client: 7, request: SAVE, answer: SAVED }]);
    expect(operations[0]!.invoked).toBeLessThanOrEqual(operations[0]!.returned);
    expect(sends).toBe(3);
  });

  test("is nothing, when nothing was done", async () => {
    expect((await asking(SAVE, "not done", "not done")).operations).toEqual([]);
  });

  test("is open, when nobody knows", async () => {
    expect((await asking(SAVE, "unknown", "not done")).operations).toMatchObject([OPEN]);
  });

  test("is no read without an answer", async () => {
    expect((await asking({ verb: "read" }, "unknown")).operations).toEqual([]);
  });

  test("is a refusal, and what may come late after it", async () => {
    const [refused, late, ...more] = (await asking(SAVE, "unknown", HELD)).operations;
    expect(refused).toMatchObject({ answer: HELD });
    expect(late).toMatchObject(OPEN);
    expect(late!.follows).toBe(refused);
    expect(late!.invoked).toBeLessThanOrEqual(refused!.invoked);
    expect(more).toEqual([]);
  });

  test("is a refusal alone, when the request was sent once", async () => {
    expect((await asking(SAVE, HELD)).operations).toMatchObject([{ answer: HELD }]);
  });
});

test("a content tells its value, and a changed one none", () => {
  for (const value of ["3.1", "3.4", "3.16"]) {
    const content = contentOf(value);
    expect(savedAs(content)).toBe(value);
    content[content.length - 1]! ^= 1;
    expect(savedAs(content)).toBe(null);
  }
});
