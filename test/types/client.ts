import { Cairn, CairnHttpError, type Loaded, type Run, type SaveResult } from "cairn/client";
import { isExactly } from "./equal.ts";

const cairn = new Cairn({ url: "https://cairn.example.com", apiKey: undefined });
// @ts-expect-error: the URL is needed
new Cairn({ apiKey: "key" });
// @ts-expect-error: there is no such option
new Cairn({ url: "https://cairn.example.com", retries: 3 });

export async function run(): Promise<void> {
  const sum = await cairn.run(
    "nightly",
    { kind: "nightly", policy: { strategy: "adaptive" } },
    async (run) => {
      isExactly<Run>()(run);
      isExactly<AbortSignal>()(run.signal);
      const words = await run.step("count", async (signal) => ({ words: 3, late: signal.aborted }), {
        criticality: 1,
      });
      isExactly<{ words: number; late: boolean }>()(words);
      // @ts-expect-error: there is no such fact
      await run.step("save", () => 1, { weight: 1 });
      return words.words;
    },
  );
  isExactly<number>()(sum);
  // @ts-expect-error: there is no such strategy
  await cairn.run("nightly", { policy: { strategy: "sometimes" } }, async () => {});
  // @ts-expect-error: what runs is needed
  await cairn.run("nightly", {});
}

export async function pipeline(): Promise<void> {
  const nightly = cairn.pipeline("nightly");
  isExactly<SaveResult>()(await nightly.save({ at: new Date() }, { checkpoint: "always", ifMatch: 3 }));
  // @ts-expect-error: a version is a number
  await nightly.save({}, { ifMatch: "3" });
  isExactly<Loaded<{ at: Date }> | null>()(await nightly.load<{ at: Date }>());
  // What nobody has looked at may be anything.
  isExactly<unknown>()((await nightly.load())!.value);
  await nightly.finish("completed");
  // @ts-expect-error: it is finished in another status
  await nightly.finish("running");
  // @ts-expect-error: a lease has an owner
  await nightly.resume({ ttlSeconds: 60 });
}

export function failure(error: unknown): void {
  if (!(error instanceof CairnHttpError)) return;
  isExactly<number>()(error.status);
  isExactly<number | null>()(error.retryAfterSeconds);
}
