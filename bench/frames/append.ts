import { memoryBackend } from "../../src/backends/memory.ts";
import { Cairn } from "../../src/client/index.ts";
import { createApp } from "../../src/http/app.ts";
import { concat } from "../../src/model/bytes.ts";
import { createCore } from "../../src/state/core.ts";
import { noise, randomFrom } from "../../test/frames/delta/versions.ts";
import { type Report, timed } from "./report.ts";
import { SEED } from "./states.ts";

const BYTES = 20_000_000;
const MORE = 2048;

/** 2 KB of noise behind 20 MB of it, by the SDK. */
export async function append(report: Report): Promise<void> {
  const app = createApp({ core: createCore({ backend: memoryBackend() }), keys: null });
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => app.fetch(new Request(input, init));
  const pipeline = new Cairn({ url: "http://localhost", fetch }).pipeline("append");
  const random = randomFrom(SEED);
  const base = noise(BYTES, random);
  await pipeline.saveBytes(base);
  const target = concat([base, noise(MORE, random)]);
  const { result, ms } = await timed(() => pipeline.saveBytes(target));
  const peer = `whole: ${target.length} bytes`;
  report.add({
    what: "2 KB appended to 20 MB, stored",
    value: result.storedBytes,
    unit: "bytes",
    limit: 3072,
    peer,
  });
  report.add({ what: "CPU of client and service together", value: ms, unit: "ms" });
}
