import { parseLossless, stringifyLossless } from "../../../src/model/json/lossless.ts";
import { formatPointer, parseIndex, parsePointer } from "../../../src/model/json/pointer.ts";
import type { JsonValue } from "../../../src/model/json/value.ts";

type Members = Map<string, Node>;
type Node = { items: Node[] } | { members: Members } | { scalar: JsonValue };
interface AnyOperation {
  op: string;
  path: string;
  from?: string;
  value?: JsonValue;
}

/** One operation applied the slow way, on a full copy made of maps; undefined when it cannot be applied. */
export function referencePatch(document: JsonValue, operation: AnyOperation): JsonValue | undefined {
  try {
    return toJson(apply(toNode(document), operation));
  } catch (error) {
    if (error === impossible) return undefined;
    throw error;
  }
}

/** The pointers of all values in a document. */
export function pointersOf(value: JsonValue, path = ""): string[] {
  if (typeof value !== "object" || value === null || JSON.isRawJSON(value)) return [path];
  const children = Object.entries(value) as [string, JsonValue][];
  return [path, ...children.flatMap(([key, child]) => pointersOf(child, path + formatPointer([key])))];
}

const impossible = new Error("cannot be applied");

function apply(root: Node, { op, path, from = "", value = null }: AnyOperation): Node {
  if (op === "add") return put(root, path, toNode(value), "insert");
  if (op === "replace") return put(root, path, toNode(value), "overwrite");
  if (op === "remove") return take(root, path);
  const source = toNode(toJson(find(root, parsePointer(from)!)));
  if (op === "copy") return put(root, path, source, "insert");
  if (from === path) return root;
  if (path.startsWith(`${from}/`)) throw impossible;
  return put(path === "" ? root : take(root, from), path, source, "insert");
}

function find(root: Node, tokens: string[]): Node {
  return tokens.reduce<Node>((at, token) => {
    const child =
      "items" in at ? at.items[parseIndex(token) ?? -1] : "members" in at ? at.members.get(token) : undefined;
    if (!child) throw impossible;
    return child;
  }, root);
}

function put(root: Node, path: string, value: Node, mode: "insert" | "overwrite"): Node {
  const tokens = parsePointer(path)!;
  const last = tokens.pop();
  if (last === undefined) return value;
  const parent = find(root, tokens);
  if (mode === "overwrite") find(parent, [last]);
  if ("members" in parent) parent.members.set(last, value);
  else if ("items" in parent) putItem(parent.items, last, value, mode);
  else throw impossible;
  return root;
}

function putItem(items: Node[], token: string, value: Node, mode: "insert" | "overwrite"): void {
  const index = token === "-" ? items.length : parseIndex(token);
  if (index === null || index > items.length) throw impossible;
  items.splice(index, mode === "insert" ? 0 : 1, value);
}

function take(root: Node, path: string): Node {
  const tokens = parsePointer(path)!;
  const last = tokens.pop();
  if (last === undefined) throw impossible;
  const parent = find(root, tokens);
  find(parent, [last]);
  if ("members" in parent) parent.members.delete(last);
  else if ("items" in parent) parent.items.splice(Number(last), 1);
  return root;
}

function toNode(value: JsonValue): Node {
  if (Array.isArray(value)) return { items: value.map(toNode) };
  if (typeof value !== "object" || value === null || JSON.isRawJSON(value)) return { scalar: value };
  return { members: new Map(Object.entries(value).map(([key, member]) => [key, toNode(member)])) };
}

/** Through text, so that nothing is shared with the document the node came from. */
function toJson(node: Node): JsonValue {
  return parseLossless(print(node));
}

function print(node: Node): string {
  if ("scalar" in node) return stringifyLossless(node.scalar);
  if ("items" in node) return `[${node.items.map(print).join(",")}]`;
  return `{${[...node.members].map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(",")}}`;
}
