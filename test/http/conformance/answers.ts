import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { OpenApi, Operation } from "../../../src/http/openapi.ts";

/** Those of every HTTP server, or of a browser's care: not what a client is made for. */
const GENERAL = [
  ...["cache-control", "connection", "content-length", "content-security-policy", "content-type", "date"],
  ...["keep-alive", "referrer-policy", "transfer-encoding", "x-content-type-options"],
];

/** What an answer has that the document does not allow; empty: nothing. */
export type Judge = (operation: Operation, answer: Response, body: string) => string[];

export function judgeOf(document: OpenApi): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  ajv.addFormat("uri", true);
  ajv.addSchema({ ...document, $id: "document:" });
  const compiled = new Map<object, ValidateFunction>();

  function problemsIn(schema: object, value: unknown): string[] {
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document:#/'));
    const validate = compiled.get(schema) ?? ajv.compile(rooted);
    compiled.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  return ({ responses }, { status, headers }, body) => {
    const described = responses[status];
    if (!described) return [`status ${status} is not documented`];
    if (status >= 500) return [`status ${status}: ${body}`];
    const problems: string[] = [];
    for (const [name, value] of headers) {
      const known = Object.keys(described.headers).find((each) => each.toLowerCase() === name);
      if (!known && !GENERAL.includes(name)) problems.push(`header ${name} is not documented`);
      const schema = known && document.components.headers[known]!.schema;
      if (schema) problems.push(...problemsIn(schema, value).map((each) => `header ${name}: ${each}`));
    }
    const type = headers.get("Content-Type")?.split(";")[0] ?? "";
    const content = described.content ?? {};
    const exact = headers.get("Content-Type") ?? "";
    const media = content[exact] ?? content[type] ?? content["*/*"];
    if (body === "" && Object.keys(content).length === 0) return problems;
    if (!media) return [...problems, `content type ${type} is not documented for ${status}`];
    if (media.schema)
      problems.push(...problemsIn(media.schema, JSON.parse(body)).map((each) => `body${each}`));
    return problems;
  };
}

/** The examples of the document that its own schemas refuse. */
export function badExamples(document: OpenApi): string[] {
  const judge = judgeOf(document);
  const bad: string[] = [];
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods)) {
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        for (const [type, { example, examples = {} }] of Object.entries(content)) {
          const values = Object.keys(examples).map((code) => document.components.examples[code]!.value);
          for (const value of example === undefined ? values : [example, ...values]) {
            const headers = { "Content-Type": type };
            const answer = new Response(null, { status: Number(status), headers });
            const asked = { ...operation, responses: { 200: operation.responses[status]! } };
            const found = judge(
              asked,
              new Response(null, { status: 200, headers: answer.headers }),
              JSON.stringify(value),
            );
            bad.push(...found.map((each) => `${operation.operationId} ${status}: ${each}`));
          }
        }
      }
    }
  }
  return bad;
}
