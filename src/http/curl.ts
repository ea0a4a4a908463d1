import type { OpenApi, Operation } from "./openapi.ts";

/** A call of the operation that can be pasted into a shell: CAIRN_URL, and CAIRN_KEY where a key is asked for. */
export function curl(path: string, method: string, operation: Operation, { components }: OpenApi): string {
  const example = (name: string) => components.schemas[name[0]!.toUpperCase() + name.slice(1)]?.example;
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(example(name)));
  const lines = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}"$CAIRN_URL${url}"`];
  if (operation["x-scope"] !== null) lines.push(`-H "Authorization: Bearer $CAIRN_KEY"`);
  const [body] = Object.entries(operation.requestBody?.content ?? {});
  if (body && "example" in body[1]) {
    lines.push(`-H 'Content-Type: ${body[0]}'`, `-d '${JSON.stringify(body[1].example)}'`);
  }
  return lines.join(" \\\n  ");
}
