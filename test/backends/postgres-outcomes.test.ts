import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import type { Commit } from "../../src/backends/types.ts";
import { send } from "../../src/state/commit.ts";
import { createCore } from "../../src/state/core.ts";
import { startRelay } from "../support/relay.ts";
import { type Rig, startRig } from "./postgres-rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
}, 60_000);

afterAll(() => rig?.stop());

async function reasonOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => Promise.reject(new Error("nothing was thrown")),
    (error: Error) => error,
  );
}

/** The row of a pipeline, locked by another session until the returned function is called. */
async function lockRow(pipelineId: string): Promise<() => Promise<void>> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: rig.server.url });
  await client.connect();
  await client.query("BEGIN");
  await client.query("SELECT FROM cairn.pipelines WHERE pipeline_id = $1 FOR UPDATE", [pipelineId]);
  return () => client.end();
}

async function landed(commit: Commit): Promise<number> {
  const loaded = await rig.direct.load(commit.key);
  return loaded?.head.writes.filter((write) => write.writeId === commit.writeId).length ?? 0;
}

test("sums are added to once, though the answer is lost", async () => {
  const [backend, key] = [rig.relayed(), { tenant: "t", scope: "outcomes" }];
  await backend.add(key, { n: 1 });
  rig.relay.mode = "drop";
  const error = await reasonOf(backend.add(key, { n: 1 }));
  rig.relay.mode = "pass";
  expect(error).toMatchObject({ code: "backend_unavailable" });
  await until(async () => (await rig.direct.sums(key)).n === 2);
  await backend.close();
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("a commit whose answer is lost is unknown, and its write id tells what became of it", () => {
  test("TCP: the connection is cut after the commit went through", async () => {
    const backend = rig.relayed();
    const key = rig.newKey();
    for (let version = 0; version < 20; version++) {
      const commit = await saving(key, version, `v${version + 1}`);
      await backend.load(key);
      rig.relay.mode = "drop";
      const error = await reasonOf(backend.commit([commit]));
      rig.relay.mode = "pass";
      expect(error.name).toBe("OutcomeUnknown");
      await until(async () => (await landed(commit)) === 1);
      const again = await send(createCore({ backend }), commit);
      expect(again).toMatchObject({ ok: true, replayed: true, head: { version: version + 1 } });
    }
    await backend.close();
  });

  test("TCP: no answer in time, and the commit lands late", async () => {
    const backend = rig.relayed({ timeoutSeconds: 0.3 });
    const key = rig.newKey();
    await rig.direct.commit([await saving(key, 0, "v1")]);
    const unlock = await lockRow(key.pipelineId);
    const commit = await saving(key, 1, "v2");
    expect((await reasonOf(backend.commit([commit]))).name).toBe("OutcomeUnknown");
    expect(await landed(commit)).toBe(0);
    const resent = send(createCore({ backend: rig.direct }), commit);
    await unlock();
    expect(await resent).toMatchObject({ ok: true, result: { version: 2 } });
    await until(async () => (await rig.admin.query(WAITING, []))[0]!.count === "0");
    expect([await landed(commit), (await rig.direct.load(key))!.head.version]).toEqual([1, 2]);
    await backend.close();
  });

  test("TCP: the session is ended while it waits", async () => {
    const backend = rig.relayed();
    const key = rig.newKey();
    await rig.direct.commit([await saving(key, 0, "v1")]);
    const unlock = await lockRow(key.pipelineId);
    const failing = reasonOf(backend.commit([await saving(key, 1, "v2")]));
    await until(async () => (await rig.admin.query(WAITING, []))[0]!.count === "1");
    await rig.admin.query(
      "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
      [],
    );
    expect((await failing).name).toBe("OutcomeUnknown");
    await unlock();
    expect((await backend.load(key))!.head.version).toBe(1);
    await backend.close();
  });

  test("Neon: the front answers 5xx after the commit went through", async () => {
    const backend = rig.overNeon();
    const key = rig.newKey();
    for (const [version, status] of [500, 502, 503, 504].entries()) {
      const commit = await saving(key, version, "x");
      rig.neon.answerNext(status);
      expect((await reasonOf(backend.commit([commit]))).name).toBe("OutcomeUnknown");
      expect(await landed(commit)).toBe(1);
      rig.neon.answerNext(status);
      expect(await send(createCore({ backend }), commit)).toMatchObject({ ok: true });
      expect(await landed(commit)).toBe(1);
    }
    rig.neon.answerNext(500);
    await expect(backend.load(key)).rejects.toMatchObject({ code: "backend_unavailable" });
  });

  test("Neon: no answer in time", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const backend = rig.overNeon(`http://127.0.0.1:${port}/sql`, 0.2);
    expect((await reasonOf(backend.commit([await saving(rig.newKey(), 0, "x")]))).name).toBe(
      "OutcomeUnknown",
    );
    await expect(backend.load(rig.newKey())).rejects.toMatchObject({ code: "backend_unavailable" });
    silent.closeAllConnections();
    silent.close();
  });
});

const WAITING = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'";

describe("a commit that was not done is not unknown", () => {
  const notDone = expect.objectContaining({ code: "backend_unavailable", status: 503 });

  test("no server at the address: TCP, Neon", async () => {
    const closed = await startRelay(9);
    await closed.stop();
    const commit = await saving(rig.newKey(), 0, "x");
    const nowhere = postgresBackend({
      transport: "tcp",
      url: `postgres://u:hidden@127.0.0.1:${closed.port}/d`,
    });
    expect(await reasonOf(nowhere.commit([commit]))).toEqual(notDone);
    expect(await reasonOf(rig.overNeon(`http://127.0.0.1:${closed.port}/sql`).commit([commit]))).toEqual(
      notDone,
    );
  });

  test.each([401, 403, 404, 413, 429])("a front that turns the request away: %i", async (status) => {
    rig.neon.answerNext(status);
    expect(await reasonOf(rig.overNeon().commit([change(rig.newKey(), {})]))).toEqual(notDone);
  });

  test("wrong credentials, an unknown database", async () => {
    const commit = await saving(rig.newKey(), 0, "x");
    for (const wrong of [{ username: "nobody" }, { pathname: "nothing" }]) {
      const url = Object.assign(new URL(rig.server.url), wrong as Partial<URL>).href;
      const backend = postgresBackend({ transport: "tcp", url });
      expect(await reasonOf(backend.commit([commit]))).toEqual(notDone);
    }
    const url = Object.assign(new URL(rig.neon.url), { password: "wrong" }).href;
    const backend = postgresBackend({ transport: "neon", url, endpoint: rig.neon.endpoint });
    expect(await reasonOf(backend.commit([commit]))).toEqual(notDone);
  });

  test("no connection is free in time, nor beyond the pool", async () => {
    const key = rig.newKey();
    await rig.direct.commit([await saving(key, 0, "v1")]);
    const unlock = await lockRow(key.pipelineId);
    const backend = rig.relayed({ poolSize: 1, maxOverflow: 1, connectionTimeoutSeconds: 0.3 });
    const waiting = [1, 2].map(() => backend.commit([change(key, { settings: { kind: "k" } })]));
    await until(async () => (await rig.admin.query(WAITING, []))[0]!.count === "2");
    expect(await reasonOf(backend.commit([change(rig.newKey(), {})]))).toEqual(notDone);
    await unlock();
    for (const outcomes of await Promise.all(waiting)) expect(outcomes[0]!.ok).toBe(true);
    await backend.close();
  });

  test("a lock that another holds too long", async () => {
    const key = rig.newKey();
    await rig.direct.commit([await saving(key, 0, "v1")]);
    const unlock = await lockRow(key.pipelineId);
    const commit = await saving(key, 1, "v2");
    expect(await reasonOf(rig.direct.commit([commit]))).toEqual(notDone);
    await unlock();
    expect(await landed(commit)).toBe(0);
  }, 30_000);

  test("conflicts of serializable transactions, a read-only connection", async () => {
    for (const setting of [
      "default_transaction_isolation=serializable",
      "default_transaction_read_only=on",
    ]) {
      const url = new URL(rig.server.url);
      url.searchParams.set("options", `-c ${setting}`);
      const backend = postgresBackend({ transport: "tcp", url: url.href });
      const key = rig.newKey();
      await rig.direct.commit([await saving(key, 0, "v1")]);
      const commits = Array.from({ length: 30 }, (_, i) => change(key, { settings: { kind: `k${i}` } }));
      const results = await Promise.allSettled(commits.map((commit) => backend.commit([commit])));
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") expect(result.reason).toEqual(notDone);
        expect(await landed(commits[i]!)).toBe(result.status === "fulfilled" ? 1 : 0);
      }
      expect(results.some((result) => result.status === "rejected")).toBe(true);
      await backend.close();
    }
  });
});

describe("connections", () => {
  test("an idle connection that dies harms nobody", async () => {
    const backend = rig.relayed();
    const key = rig.newKey();
    await Promise.all(Array.from({ length: 5 }, () => backend.load(key)));
    const others =
      "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'cairn'";
    await rig.admin.query(others, []);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [outcome] = await backend.commit([await saving(key, 0, "x")]);
    expect(outcome!.ok).toBe(true);
    await backend.close();
  });

  test("closing waits for the calls before it, those that still wait for a connection too", async () => {
    const backend = rig.relayed({ poolSize: 1, connectionTimeoutSeconds: 30 });
    const key = rig.newKey();
    await backend.commit([await saving(key, 0, "x")]);
    const calls = Array.from({ length: 5 }, (_, i) =>
      backend.commit([change(key, { settings: { kind: `k${i}` } })]),
    );
    await backend.close();
    for (const outcomes of await Promise.all(calls)) expect(outcomes[0]!.ok).toBe(true);
    await expect(backend.load(key)).rejects.toMatchObject({ code: "backend_unavailable" });
  });

  test("errors carry neither SQL nor secrets", async () => {
    const backends = [
      postgresBackend({ transport: "tcp", url: "postgres://someone:hidden@127.0.0.1:9/d" }),
      postgresBackend({ transport: "neon", url: "postgres://someone:hidden@host.invalid/d" }),
      postgresBackend({
        transport: "tcp",
        url: Object.assign(new URL(rig.server.url), { pathname: "gone" }).href,
      }),
    ];
    for (const backend of backends) {
      const commit = await saving(rig.newKey(), 0, "x");
      for (const call of [() => backend.load(rig.newKey()), () => backend.commit([commit])]) {
        let error: unknown = await reasonOf(call());
        for (; error instanceof Error; error = error.cause)
          expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(
            /hidden|someone|SELECT|cairn\.|gone/,
          );
      }
    }
  });
});
