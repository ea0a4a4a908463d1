import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../src/cli/local/server.ts";
import type { RequestEvent } from "../../../src/monitoring/request-event.ts";
import { MOST_WAITING, queued } from "../../../src/monitoring/sinks/queue.ts";
import { sinksOf } from "../../../src/monitoring/sinks/sink.ts";
import { startCollector } from "./collector.ts";
import { serviceWith } from "./service.ts";

const SINKS = ["otlp-metrics", "otlp-traces"];

let errors: string[] = [];
beforeEach(() => {
  errors = [];
  vi.spyOn(console, "error").mockImplementation((line) => void errors.push(line));
});
afterEach(() => void vi.restoreAllMocks());

/** What the log says of sinks, once of each. */
function told(): string[] {
  return [...new Set(errors)].sort();
}

function line(sink: string, why: string): string {
  return JSON.stringify({ level: "error", event: "sink_failed", sink, why });
}

test("while a sink hangs every request is answered, and all that it was to be told is counted as dropped", async () => {
  const collector = await startCollector();
  const hanging: ServerResponse[] = [];
  collector.answer = (response) => void hanging.push(response);
  const service = serviceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  for (let i = 0; i < 5; i++) expect((await service.save(`p${i}`)).status).toBe(201);
  const goingOn = service.goOn();
  await collector.got(2);
  for (let i = 5; i < 205; i++) expect((await service.save(`p${i}`)).status).toBe(201);
  // They were answered while nothing that was sent was.
  expect([hanging.length, collector.received.length]).toEqual([2, 2]);
  collector.answer = (response) => void response.destroy();
  for (const response of hanging) response.destroy();
  await goingOn;
  await service.close();
  for (const sink of SINKS) expect(await service.dropped(sink)).toBe(205);
});

test("a sink that never answers is given up at its deadline", async () => {
  const collector = await startCollector();
  collector.answer = () => {};
  const service = serviceWith({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: "50",
  });
  await service.save("p");
  await service.goOn();
  for (const sink of SINKS) expect(await service.dropped(sink)).toBe(1);
  expect(told()).toEqual(SINKS.map((sink) => line(sink, "no answer within 50 ms")));
});

const BROKEN: Record<string, { why: string; answer: (response: ServerResponse) => void }> = {
  "answers 500": {
    why: "the receiver answered 500",
    answer: (response) => void response.writeHead(500).end("{}"),
  },
  "answers a redirect": {
    why: "the receiver answered 307",
    answer: (response) => void response.writeHead(307, { Location: "/elsewhere" }).end(),
  },
  "breaks off its answer": {
    why: "the connection failed",
    answer(response) {
      response.writeHead(200, { "Content-Length": "100" }).write("{");
      setTimeout(() => response.destroy(), 5);
    },
  },
};

test.each(Object.keys(BROKEN))(
  "a sink that %s for the whole run: no failed request, all drops counted",
  async (how) => {
    const collector = await startCollector();
    const { answer, why } = BROKEN[how]!;
    collector.answer = answer;
    const service = serviceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    for (let i = 0; i < 60; i++) {
      expect((await service.save(`p${i}`, { as: i % 3 ? "alice" : "bob" })).status).toBe(201);
      if (i % 20 === 0) await service.goOn();
    }
    await service.close();
    const paths = [...new Set(collector.received.map(({ path }) => path))].sort();
    expect(paths).toEqual(["/v1/metrics", "/v1/traces"]);
    for (const sink of SINKS) {
      expect(await service.dropped(sink)).toBe(40);
      expect(await service.dropped(sink, "bob")).toBe(20);
    }
    expect(told()).toEqual(SINKS.map((sink) => line(sink, why)));
  },
);

test("a sink that nobody is at: the same", async () => {
  const service = serviceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
  for (let i = 0; i < 10; i++) expect((await service.save(`p${i}`)).status).toBe(201);
  await service.close();
  for (const sink of SINKS) expect(await service.dropped(sink)).toBe(10);
});

test("a sink that throws at once: the same, and the others are told", async () => {
  const lines: string[] = [];
  const fail = () => {
    throw new Error("no");
  };
  const broken = { name: "analytics", take: fail };
  const service = serviceWith(
    { CAIRN_LOG: "json" },
    { writeLine: (line) => lines.push(line), sinks: [broken] },
  );
  for (let i = 0; i < 10; i++) expect((await service.save(`p${i}`)).status).toBe(201);
  expect(await service.dropped("analytics")).toBe(10);
  expect(lines).toHaveLength(11);
  const mute = serviceWith({ CAIRN_LOG: "emf" }, { writeLine: fail });
  expect((await mute.save("p")).status).toBe(201);
  expect(await mute.dropped("log")).toBe(1);
});

test("what waits for a sink is bounded: what is beyond is dropped, what was taken is sent once", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const sent: string[] = [];
  const post = async (events: readonly RequestEvent[]) => {
    await held;
    sent.push(...events.map(({ requestId }) => requestId));
    return 0;
  };
  const count = vi.fn();
  const sinks = sinksOf([queued("slow", post, 60_000)], { count });
  const tell = (from: number, to: number) => {
    for (let i = from; i < to; i++) sinks.tell({ tenant: "one", requestId: String(i) } as RequestEvent);
  };
  tell(0, 10);
  const sending = sinks.wanted()!();
  tell(10, 10 + MOST_WAITING + 7);
  // One sending at a time.
  expect(sinks.wanted()).toBeNull();
  release();
  await sending;
  await sinks.close();
  expect(count.mock.calls).toEqual(
    Array.from({ length: 7 }, () => [{ tenant: "one", scope: "metrics" }, { "d/slow": 1 }]),
  );
  expect(sent).toEqual(Array.from({ length: 10 + MOST_WAITING }, (_, i) => String(i)));
});
