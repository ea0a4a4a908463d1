import { test } from "vitest";
import { expectLinearizable, TIMEOUT } from "./trial.ts";

test("dynamodb: killed, stopped and cut off, two services are as one", TIMEOUT, () =>
  expectLinearizable("dynamodb"),
);
