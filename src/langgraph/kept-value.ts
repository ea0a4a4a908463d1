import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { fromBase64, toBase64 } from "../model/base64.ts";
import { checkJson, decodeUtf8 } from "../model/json/text.ts";

/** What a serializer made of a value: as plain JSON in the document where that gives back the same text. */
export type KeptValue = { json: unknown } | { type: string; text: string } | { type: string; base64: string };

/** A document may have 64 levels; this leaves room for those around a value. */
const DEEPEST = 56;

export async function keepValue(serde: SerializerProtocol, value: unknown): Promise<KeptValue> {
  const [type, bytes] = await serde.dumpsTyped(value);
  const text = type === "json" ? decodeUtf8(bytes) : null;
  if (text === null) return { type, base64: toBase64(bytes) };
  const json = checkJson(text, DEEPEST).ok ? JSON.parse(text) : undefined;
  return JSON.stringify(json) === text ? { json } : { type, text };
}

export function loadValue(serde: SerializerProtocol, kept: KeptValue): Promise<unknown> {
  if ("base64" in kept) return serde.loadsTyped(kept.type, fromBase64(kept.base64));
  const [type, text] = "json" in kept ? ["json", JSON.stringify(kept.json)] : [kept.type, kept.text];
  return serde.loadsTyped(type, new TextEncoder().encode(text));
}
