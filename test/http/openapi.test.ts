import { describe, expect, it } from "vitest";
import { curl } from "../../src/http/curl.ts";
import { renderDocs } from "../../src/http/docs.ts";
import { openApi } from "../../src/http/openapi.ts";
import { ROUTES } from "../../src/http/routes/index.ts";
import { ERROR_CODES } from "../../src/model/errors.ts";

const document = openApi(ROUTES);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every object in the document, with the place where it stands. */
function* objectsIn(value: unknown, place = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [place, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) {
    yield* objectsIn(inner, `${place}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

describe("openapi.json", () => {
  it("is OpenAPI 3.1 with what that needs", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it("has every route of the registry, and no other", () => {
    const inDocument = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(inDocument.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
    expect(new Set(ROUTES.map((route) => route.operationId)).size).toBe(ROUTES.length);
  });

  it("resolves every reference", () => {
    const places = new Set([...objectsIn(document)].map(([place]) => place));
    const references = [...objectsIn(document)].filter(([, object]) => typeof object.$ref === "string");
    expect(references.length).toBeGreaterThan(100);
    for (const [place, { $ref }] of references) expect(places, `${place} → ${$ref}`).toContain($ref);
    expect(JSON.stringify(document)).not.toMatch(/\$defs|__schema/);
  });

  it("says that what is unverified may be left out of a readiness", () => {
    const { Readiness } = document.components.schemas;
    expect(Readiness).toMatchObject({
      required: ["ready", "backend", "problems"],
      properties: { unverified: { type: "array", description: expect.stringContaining("not a problem") } },
    });
  });

  it.each(operations)("$method $path is described in full", ({ path, operation }) => {
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(operation.parameters.every(({ schema }) => Object.keys(schema).length > 0)).toBe(true);
    const names = operation.parameters.map(({ name, in: place }) => `${place} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    const statuses = Object.keys(operation.responses);
    expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
    for (const [status, answer] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2345]\d\d$/);
      expect(answer.description).not.toBe("");
    }
  });

  it.each(operations)("$method $path lists its errors", ({ operation }) => {
    const codes = operation["x-errors"];
    for (const code of codes) {
      const answer = operation.responses[ERROR_CODES[code].status]!;
      expect(
        answer.content?.["application/problem+json"] ?? answer.content?.["application/json"],
      ).toBeTruthy();
    }
    expect(codes).toContain("malformed");
    if (operation["x-scope"] === null) expect(operation.security).toEqual([]);
    else expect(codes).toEqual(expect.arrayContaining(["unauthorized", "forbidden", "backend_unavailable"]));
    if (operation.requestBody) expect(codes).toContain("too_large");
    if (operation.parameters.some(({ name }) => name === "Idempotency-Key")) {
      expect(codes).toEqual(
        expect.arrayContaining(["idempotency_mismatch", "pipeline_deleted", "outcome_unknown"]),
      );
    }
  });

  it("names each schema once, the same wherever it is used", () => {
    const again = openApi([...ROUTES].reverse());
    expect(again.components.schemas).toEqual(document.components.schemas);
  });
});

describe("/docs", () => {
  const page = renderDocs(document);

  it("shows every operation, schema and error code, each at a place of its own", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [
      ...ROUTES.map((route) => route.operationId),
      ...Object.keys(ERROR_CODES),
      ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ];
    expect(ids).toEqual(expect.arrayContaining(wanted));
  });

  it("has links that lead somewhere, and nothing from elsewhere", () => {
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
    expect(targets.filter((target) => !page.includes(` id="${target}"`))).toEqual([]);
    expect(/<script|<img|<link|@import|url\(|https?:\/\//.exec(page)).toBeNull();
    expect(/undefined|\[object/.exec(page)).toBeNull();
  });

  it("is well formed", () => {
    const open: string[] = [];
    for (const [, slash, name] of page.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
      if (["meta", "br"].includes(name!)) continue;
      if (slash) expect(open.pop()).toBe(name);
      else open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it("has calls that can be pasted", () => {
    const save = document.paths["/v1/pipelines/{pipelineId}/state"]!.put!;
    expect(curl("/v1/pipelines/{pipelineId}/state", "put", save, document)).toBe(
      `curl -X PUT "$CAIRN_URL/v1/pipelines/nightly-2026-11-23/state" \\
  -H "Authorization: Bearer $CAIRN_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"step":1,"done":["collect"]}'`,
    );
  });
});
