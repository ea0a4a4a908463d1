import { expect, test } from "vitest";
import { once } from "../../src/model/once.ts";

test("makes its value at the first call only, whatever it is", () => {
  let made = 0;
  const value = once(() => {
    made++;
    return undefined;
  });
  expect(made).toBe(0);
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(made).toBe(1);
});
