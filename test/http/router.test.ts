import { expect, test } from "vitest";
import { templateRouter } from "../../src/http/router.ts";

function match(method: string, path: string) {
  const router = templateRouter<string>();
  router.add("ALL", "/*", "every");
  router.add("GET", "/v1/pipelines", "list");
  router.add("GET", "/v1/pipelines/{id}", "one");
  router.add("GET", "/v1/pipelines/{id}/checkpoints/{cid}", "checkpoint");
  return router.match(method, path)[0];
}

const every = ["every", {}];

test.each([
  ["GET", "/v1/pipelines", [every, ["list", {}]]],
  ["GET", "/v1/pipelines/", [every]],
  ["GET", "/v1/pipelines/a", [every, ["one", { id: "a" }]]],
  ["GET", "/v1/pipelines/a/", [every]],
  ["GET", "/v1/pipelines/%2F", [every, ["one", { id: "%2F" }]]],
  ["GET", "/v1/pipelines/a/checkpoints/b", [every, ["checkpoint", { id: "a", cid: "b" }]]],
  ["GET", "/v1/pipelines//checkpoints/b", [every]],
  ["GET", "/V1/pipelines", [every]],
  ["PUT", "/v1/pipelines", [every]],
])("%s %s", (method, path, found) => {
  expect(match(method, path)).toEqual(found);
});
