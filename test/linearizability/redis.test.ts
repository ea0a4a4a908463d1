import { test } from "vitest";
import { expectLinearizable, TIMEOUT } from "./trial.ts";

test("redis: killed, stopped and cut off, two services are as one", TIMEOUT, () =>
  expectLinearizable("redis"),
);
