import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import definitions from "@opentelemetry/otlp-transformer/build/src/generated/root.js";
import { onTestFinished } from "vitest";

interface MessageType {
  fromObject(object: object): object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

/** As protobufjs made it from the definitions of OpenTelemetry's protocol, the `.proto` files. */
interface Definitions {
  opentelemetry: {
    proto: {
      collector: {
        metrics: { v1: { ExportMetricsServiceRequest: MessageType } };
        trace: { v1: { ExportTraceServiceRequest: MessageType } };
      };
    };
  };
}

const { collector } = (definitions as unknown as Definitions).opentelemetry.proto;
const TYPES: Readonly<Record<string, MessageType>> = {
  "/v1/metrics": collector.metrics.v1.ExportMetricsServiceRequest,
  "/v1/traces": collector.trace.v1.ExportTraceServiceRequest,
};

interface Attributes {
  attributes: { key: string; value: object }[];
}

export interface Span extends Attributes {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

interface Point extends Attributes {
  startTimeUnixNano: string;
  timeUnixNano: string;
}

export interface SumPoint extends Point {
  asInt: string;
}

export interface HistogramPoint extends Point {
  count: string;
  sum: number;
  scale: number;
  zeroCount: string;
  positive: { offset: number; bucketCounts?: string[] };
}

interface Metric {
  name: string;
  sum?: { dataPoints: SumPoint[] };
  exponentialHistogram?: { dataPoints: HistogramPoint[] };
}

interface Decoded {
  resourceMetrics?: { resource: Attributes; scopeMetrics: { metrics: Metric[] }[] }[];
  resourceSpans?: { resource: Attributes; scopeSpans: { spans: Span[] }[] }[];
}

export interface Received {
  path: string;
  headers: IncomingMessage["headers"];
  /** As it was sent, and as it is after it was a protobuf message. */
  json: object;
  decoded: Decoded;
}

export interface Collector {
  url: string;
  received: Received[];
  /** How it answers from now on; at first `{}`, which is "all taken". */
  answer: (response: ServerResponse, path: string) => void;
  /** Resolves when so many were received. */
  got(count: number): Promise<void>;
}

/** A receiver of OTLP over HTTP: ends with the test. */
export async function startCollector(): Promise<Collector> {
  const received: Received[] = [];
  const arrivals = new EventTarget();
  const server = createServer(async (request, response) => {
    const json = JSON.parse(await text(request)) as object;
    const path = request.url!;
    received.push({ path, headers: request.headers, json, decoded: decodedOf(path, json) });
    arrivals.dispatchEvent(new Event("arrival"));
    own.answer(response, path);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const own: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (response) => void response.writeHead(200, { "Content-Type": "application/json" }).end("{}"),
    async got(count) {
      while (received.length < count) await once(arrivals, "arrival");
    },
  };
  return own;
}

/** Ids are hex in OTLP's JSON, and base64 in protobuf's. */
function decodedOf(path: string, json: object): Decoded {
  const type = TYPES[path]!;
  const message = type.decode(type.encode(type.fromObject(withIds(json, "hex", "base64"))).finish());
  return withIds(type.toObject(message, { longs: String, bytes: String }), "base64", "hex") as Decoded;
}

function withIds(object: object, from: BufferEncoding, to: BufferEncoding): object {
  const ids = ["traceId", "spanId", "parentSpanId"];
  const text = JSON.stringify(object, (name, value) =>
    ids.includes(name) ? Buffer.from(value, from).toString(to) : value,
  );
  return JSON.parse(text) as object;
}

/** By their names. */
export function attributesOf({ attributes }: Attributes): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
