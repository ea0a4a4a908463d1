import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { startService, temporaryFolder } from "../runtime/service.ts";
import { openPage, serveSite } from "./page.ts";

/** A service, the whole of it (workerd over R2), and a page of another origin that it allows. */
async function begun() {
  const site = await serveSite();
  const { url } = await startService({ CAIRN_DATA: temporaryFolder(), CAIRN_CORS_ORIGINS: site.origin });
  const page = await openPage(site.origin);
  const methods: string[] = [];
  page.on("request", (request) => request.url().startsWith(url) && methods.push(request.method()));
  return { url, methods, inPage: <T>(code: string) => evaluate<T>(page, url, code) };
}

/** What code comes to in a page, where `cairn` is a client and `sdk` its module. */
function evaluate<T>(page: Page, url: string, code: string): Promise<T> {
  return page.evaluate(`(async () => {
    const sdk = await import("/index.js");
    const url = ${JSON.stringify(url)};
    const cairn = new sdk.Cairn({ url });
    ${code}
  })()`) as Promise<T>;
}

test("saves, saves what changed, and loads values, bytes and a checkpoint", async () => {
  const { inPage, methods } = await begun();
  const found = await inPage(`
    const pipeline = cairn.pipeline("page");
    const text = Array.from({ length: 3000 }, (_, i) => (i * i * 7919) % 10007).join();
    const first = await pipeline.save({ text, done: new Set(["a"]), at: new Date(0) }, { checkpoint: "always" });
    await pipeline.save({ text, done: new Set(["a", "b"]), at: new Date(0), size: 10n ** 20n });
    const other = new sdk.Cairn({ url }).pipeline("page");
    const { value, version } = await other.load();
    const checkpoint = await other.loadCheckpoint(first.checkpoint.checkpointId);
    const labels = [];
    for await (const { version } of other.checkpoints()) labels.push(version);
    await cairn.pipeline("bytes").saveBytes(new Uint8Array([0, 255]));
    const { bytes } = await cairn.pipeline("bytes").loadBytes();
    return [version, value.text === text, [...value.done], value.at.getTime(), String(value.size),
      [...checkpoint.value.done], labels, [...bytes]];
  `);
  expect(found).toEqual([2, true, ["a", "b"], 0, "100000000000000000000", ["a"], [1], [0, 255]]);
  expect(methods.slice(0, 2)).toEqual(["PUT", "PATCH"]);
});

test("runs steps, and after a failure goes on with those that are left", async () => {
  const { inPage } = await begun();
  const found = await inPage(`
    const did = [];
    const attempt = (fails) => cairn.run("job", { kind: "page" }, async (run) => {
      for (const name of ["a", "b", "c"]) await run.step(name, () => {
        if (name === fails) throw new Error("no " + name);
        did.push(name);
        return name.toUpperCase();
      });
      return run.attempt;
    });
    const failure = await attempt("c").catch((error) => error.message);
    const result = await attempt();
    return [failure, did, result, (await cairn.pipeline("job").get()).status];
  `);
  expect(found).toEqual(["no c", ["a", "b", "c"], 2, "completed"]);
});

test("refusals and silence are errors of the client's classes", async () => {
  const { inPage } = await begun();
  const found = await inPage(`
    const pipeline = cairn.pipeline("refused");
    await pipeline.save(1);
    const told = (error) => [error instanceof sdk.CairnHttpError, error instanceof sdk.CairnClientError, error.code];
    const silent = new sdk.Cairn({ url: "http://127.0.0.1:9" });
    const aborted = new AbortController();
    aborted.abort(new Error("enough"));
    return [
      await pipeline.save(2, { ifMatch: 7 }).catch((error) => [...told(error), error.version]),
      await pipeline.rollback().catch(told),
      await pipeline.save(() => {}).catch((error) => [error instanceof sdk.CairnValueError, error.code]),
      await silent.pipeline("a").load().catch(told),
      await pipeline.load({ signal: aborted.signal }).catch((error) => error.message),
    ];
  `);
  expect(found).toEqual([
    [true, true, "precondition_failed", 1],
    [true, true, "unrecoverable"],
    [true, "unsupported_value"],
    [false, true, "unreachable"],
    "enough",
  ]);
});

test("a page of an origin that is not allowed gets no answer", async () => {
  const { url } = await begun();
  const page = await openPage((await serveSite()).origin);
  const code = await evaluate(page, url, 'return cairn.pipeline("a").load().catch(({ code }) => code)');
  expect(code).toBe("unreachable");
});
