import fc from "fast-check";
import type { OpenApi, Operation, Parameter } from "../../../src/http/openapi.ts";
import { fromSchema, type Schema, type Schemas } from "./from-schema.ts";

/** A request, but for the ids of what the service has made, which are looked up when it is sent. */
export interface Asked {
  operation: Operation;
  method: string;
  template: string;
  /** Of the parameters in the path. */
  path: Record<string, string>;
  query: [string, string][];
  headers: Record<string, string>;
  body: string | null;
  /** What was done to a request that the document allows; null: nothing. A `header` may be right even so. */
  wrong: string | null;
  /** Picks what is looked up. */
  pick: number;
  key: "admin" | "reader" | "unknown" | "none";
}

/** Requests that are made of the document alone: three of five as it says, the others wrong in one way. */
export function requestsOf(document: OpenApi): fc.Arbitrary<Asked> {
  const schemas = document.components.schemas;
  const all = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => request(template, method, operation, schemas)),
  );
  return fc.oneof(...all);
}

function request(
  template: string,
  method: string,
  operation: Operation,
  schemas: Schemas,
): fc.Arbitrary<Asked> {
  const among = (place: Parameter["in"]) => operation.parameters.filter((each) => each.in === place);
  const right = fc.record({
    path: fc.record(
      Object.fromEntries(among("path").map(({ name, schema }) => [name, texts(schema, schemas)])),
    ),
    query: fc.tuple(...among("query").map((each) => queryOf(each, schemas))).map((all) => all.flat()),
    headers: fc.record(Object.fromEntries(among("header").map((each) => [each.name, headerOf(each)])), {
      requiredKeys: [],
    }),
    sent: bodyOf(operation, schemas),
    pick: fc.nat(),
    key: fc.oneof(
      { weight: 17, arbitrary: fc.constant("admin" as const) },
      { weight: 3, arbitrary: fc.constantFrom("reader" as const, "unknown" as const, "none" as const) },
    ),
  });
  return fc
    .tuple(right, fc.option(fc.constantFrom(...MISTAKES), { freq: 3, nil: null }), fc.string())
    .map(([{ sent, headers, ...rest }, mistake, junk]) => {
      const asked: Asked = {
        ...{ operation, method, template, wrong: null, body: sent?.body ?? null, ...rest },
        headers: { ...headers, ...(sent && { "Content-Type": sent.type }) },
      };
      return mistake ? mistake(asked, junk) : asked;
    });
}

function texts(schema: Schema, schemas: Schemas): fc.Arbitrary<string> {
  return fromSchema(schema, schemas).map(String);
}

function queryOf({ name, schema }: Parameter, schemas: Schemas): fc.Arbitrary<[string, string][]> {
  const one = (text: fc.Arbitrary<string>) => text.map((value): [string, string][] => [[name, value]]);
  const made =
    schema.type === "array"
      ? (fromSchema(schema, schemas) as fc.Arbitrary<string[]>).map((all) =>
          all.map((value): [string, string] => [name, value]),
        )
      : name.endsWith(".{key}")
        ? fc.constant<[string, string][]>([[name.replace("{key}", "team"), "search"]])
        : one(texts(schema, schemas));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<[string, string][]>([]) },
    { weight: 1, arbitrary: made },
  );
}

/** What a header holds the document can only say by example. */
function headerOf({ example }: Parameter): fc.Arbitrary<string> {
  return fc.constant(example!);
}

function bodyOf({ requestBody }: Operation, schemas: Schemas) {
  if (!requestBody) return fc.constant(null);
  const made = Object.entries(requestBody.content).map(([type, { schema, example }]) => {
    const instance = schema ? fromSchema(schema, schemas) : fc.jsonValue({ maxDepth: 4 });
    const value = example === undefined ? instance : fc.oneof(fc.constant(example), instance);
    const body = value.map((each) => JSON.stringify(each));
    return body.map((each) => ({ type: type === "*/*" ? "text/plain" : type, body: each }));
  });
  const absent = requestBody.required ? [] : [fc.constant(null)];
  return fc.oneof(...made, ...absent);
}

type Mistake = (asked: Asked, junk: string) => Asked;

/** Each makes a request that the document does not allow; one that finds nothing to spoil leaves it as it is. */
const MISTAKES: readonly Mistake[] = [
  (asked, junk) => ({ ...asked, wrong: "query", query: [...asked.query, [`x${junk}`, junk]] }),
  (asked, junk) => {
    const name = Object.keys(asked.path).at(-1);
    if (name === undefined) return asked;
    return { ...asked, wrong: "path", path: { ...asked.path, [name]: `.${junk || " "}` } };
  },
  (asked, junk) => {
    const name = Object.keys(asked.headers).find((each) =>
      ["Cairn-Fence", "If-Match", "Range"].includes(each),
    );
    return name ? { ...asked, wrong: "header", headers: { ...asked.headers, [name]: latin(junk) } } : asked;
  },
  (asked, junk) => spoilt(asked, (value) => ({ ...value, [`x${junk}`]: junk })),
  (asked) =>
    spoilt(asked, (value) => Object.fromEntries(Object.keys(value).map((name) => [name, { no: [name] }]))),
  (asked, junk) => (ofJson(asked) ? { ...asked, wrong: "body", body: `{"${junk}` } : asked),
  (asked) =>
    ofJson(asked) && asked.body
      ? { ...asked, wrong: "type", headers: { ...asked.headers, "Content-Type": "text/csv" } }
      : asked,
  (asked) =>
    asked.body === null
      ? asked
      : { ...asked, wrong: "encoding", headers: { ...asked.headers, "Content-Encoding": "zork" } },
];

/** A header may hold nothing else. */
function latin(text: string): string {
  return text.replace(/[^!-~]/g, "?") || "?";
}

/** Whether the body is fields of JSON, all of which the service must know. */
function ofJson({ operation, headers }: Asked): boolean {
  const { schema } = operation.requestBody?.content["application/json"] ?? {};
  return schema !== undefined && headers["Content-Type"] === "application/json";
}

function spoilt(asked: Asked, spoil: (value: object) => object): Asked {
  const value = asked.body && ofJson(asked) ? JSON.parse(asked.body) : null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return asked;
  const wrong = spoil(value);
  if (Object.keys(wrong).length === 0) return asked;
  return { ...asked, wrong: "fields", body: JSON.stringify(wrong) };
}
