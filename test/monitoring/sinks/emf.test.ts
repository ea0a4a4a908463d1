import { readFileSync } from "node:fs";
import { Ajv, type AnySchemaObject } from "ajv";
import { expect, test } from "vitest";
import { serviceWith } from "./service.ts";

interface Line {
  _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[] };
  [member: string]: unknown;
}

const schema = JSON.parse(
  readFileSync(new URL("fixtures/emf-schema.json", import.meta.url), "utf8"),
  // Its ids are the places where they stand, which Ajv takes for two of each.
  (name, value) => (name === "$id" ? undefined : value),
);
const valid = new Ajv().compile(schema as AnySchemaObject);

/** What the schema cannot say: that what is named is there, and of its type. */
function lacking(line: Line): string[] {
  return line._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) => [
    ...Dimensions.flat().filter((name) => typeof line[name] !== "string" || line[name] === ""),
    ...Metrics.map(({ Name }) => Name).filter((name) => typeof line[name] !== "number"),
  ]);
}

test("each request leaves one line, the event and its metrics in one, which AWS's schema takes", async () => {
  const written: string[] = [];
  const service = serviceWith(
    { CAIRN_LOG: "emf", OTEL_SERVICE_NAME: "cairn-production" },
    { writeLine: (line) => written.push(line) },
  );
  await service.save("p");
  await service.request("GET", "/v1/pipelines/none/state");
  await service.request("GET", "/v1/pipelines/p", { as: "stranger" });
  await service.request("GET", "/health", { as: "stranger" });
  const lines = written.map((line) => JSON.parse(line) as Line);
  expect(lines.map(({ operation, code }) => [operation, code])).toEqual([
    ["saveState", "ok"],
    ["loadState", "not_found"],
    ["getPipeline", "unauthorized"],
    ["health", "ok"],
  ]);
  for (const line of lines) {
    expect([valid(line), valid.errors]).toEqual([true, null]);
    expect(lacking(line)).toEqual([]);
    expect(line.service).toBe("cairn-production");
    // Of whom there may be any number: each would be a metric of its own.
    expect(line._aws.CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions.flat())).not.toContain(
      "tenant",
    );
  }
});

test("a line that is none of it would be seen", async () => {
  const written: string[] = [];
  const service = serviceWith({ CAIRN_LOG: "emf" }, { writeLine: (line) => written.push(line) });
  await service.save("p");
  const [line] = written as [string];
  expect(valid(JSON.parse(line))).toBe(true);
  const damaged = [
    line.replace('"Unit":"Seconds"', '"Unit":"seconds"'),
    line.replace(/"Dimensions":\[\[.*?\]\]/, '"Dimensions":[]'),
    line.replace(/"Timestamp":\d+,/, ""),
  ];
  expect(damaged.map((each) => valid(JSON.parse(each)))).toEqual([false, false, false]);
});

test("a Worker's log is read by nobody who knows it", () => {
  expect(() => serviceWith({ CAIRN_LOG: "emf" }, {}, "worker")).toThrow(
    /CAIRN_LOG: must be none or json(;|$)/,
  );
});
