import { describe, expect, it } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { createCore } from "../../src/state/core.ts";
import { saveState } from "../../src/state/save.ts";
import { memoryStore } from "../support/memory-store.ts";

const KEY = { tenant: "t", pipelineId: "p" };
const content = new TextEncoder().encode("x");
const input = { content, contentType: "text/plain", caller: {}, checkpoint: "never" as const };
const headPuts = (calls: string[]) => calls.filter((call) => call.startsWith("put heads/")).length;

describe("object: a store that takes one write a second to a key", () => {
  it("gathers concurrent saves into few puts, and none is refused", async () => {
    const store = memoryStore({ minWriteSeconds: 0.3 });
    const core = createCore({ backend: objectBackend({ store }) });
    const saves = await Promise.all(Array.from({ length: 40 }, () => saveState(core, KEY, input)));
    const versions = saves.map(({ result }) => result.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(headPuts(store.calls)).toBeLessThanOrEqual(4);
  });

  it("spaces saves that follow one another: no put is ever throttled", async () => {
    let refused = 0;
    const strict = memoryStore({ minWriteSeconds: 0.25 });
    const watched = {
      ...strict,
      put: (...args: Parameters<typeof strict.put>) =>
        strict.put(...args).catch((error: unknown) => {
          refused++;
          throw error;
        }),
    };
    const core = createCore({ backend: objectBackend({ store: watched }) });
    for (let i = 0; i < 5; i++) await saveState(core, KEY, input);
    expect(refused).toBe(0);
  });

  it("waits and sends again when another process has just written", async () => {
    const store = memoryStore({ minWriteSeconds: 0.3 });
    const cores = [1, 2, 3].map(() => createCore({ backend: objectBackend({ store }) }));
    const saves = await Promise.all(
      cores.flatMap((core) => [saveState(core, KEY, input), saveState(core, KEY, input)]),
    );
    expect(new Set(saves.map(({ result }) => result.version)).size).toBe(6);
  });
});
