import { describe, expect, test } from "vitest";
import { change, noise, saving } from "../../src/backends/contract/support.ts";
import { type RedisOptions, redisBackend } from "../../src/backends/redis/index.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { startUpstash } from "../../src/cli/local/upstash.ts";
import type { CairnError } from "../../src/model/errors.ts";
import { failure, KINDS, newKey, open, openWith, rig, useRig, versionOf } from "./redis-rig.ts";

useRig();

describe.each(KINDS)("over %s", (kind) => {
  test("where nobody listens nothing was done", async () => {
    const port = await freePort();
    const url = kind === "tcp" ? `redis://127.0.0.1:${port}` : `http://127.0.0.1:${port}`;
    const backend = open(kind, { url });
    expect(await failure(backend.commit([await saving(newKey(), 0, "v1")]))).toBe("backend_unavailable");
    expect(await failure(backend.load(newKey()))).toBe("backend_unavailable");
    expect(await backend.health()).toEqual({ ready: false, problems: ["Redis does not answer."] });
  });

  test("a read that fails is unavailable", async () => {
    const backend = open(kind);
    await backend.load(newKey());
    rig.relays[kind].mode = "drop";
    const reads = [backend.load(newKey()), backend.due(5), backend.checkpoint(newKey(), "x")];
    expect(new Set(await Promise.all(reads.map(failure)))).toEqual(new Set(["backend_unavailable"]));
  });

  test("a server that has forgotten the scripts is sent them again", async () => {
    const [backend, key] = [open(kind), newKey()];
    await backend.commit([await saving(key, 0, "v1")]);
    await rig.client.scriptFlush();
    await backend.commit([await saving(key, 1, "v2")]);
    await rig.client.scriptFlush();
    const [third, fourth] = await backend.commit([await saving(key, 2, "v3"), await saving(key, 3, "v4")]);
    expect([third!.ok, fourth!.ok]).toEqual([true, true]);
    await rig.client.scriptFlush();
    expect((await backend.load(key, { frames: true }))!.head.version).toBe(4);
  });

  test("many calls may wait for one connection", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => void warnings.push(warning);
    process.on("warning", listen);
    const backend = open(kind);
    await Promise.all(Array.from({ length: 40 }, () => backend.load(newKey())));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });
});

describe("over TCP", () => {
  test("a server that comes back is found again", async () => {
    const own = await startRedis();
    const backend = openWith({ transport: "tcp", url: own.url });
    const key = newKey();
    await backend.commit([await saving(key, 0, "v1")]);
    await own.kill();
    expect(await failure(backend.load(key))).toBe("backend_unavailable");
    await own.restart();
    await expect.poll(() => failure(backend.load(key)), { timeout: 10_000 }).toBe("none");
    expect((await backend.load(key))!.head.version).toBe(1);
    await own.stop();
  });

  test("a password is needed where one is set", async () => {
    const own = await startRedis({ requirepass: "pass word" });
    const load = (options: object) => {
      const backend = openWith({ transport: "tcp", port: own.port, ...options });
      return failure(backend.commit([change(newKey(), {})]));
    };
    expect(await load({})).toBe("backend_unavailable");
    expect(await load({ password: "wrong" })).toBe("backend_unavailable");
    expect(await load({ password: "pass word", db: 3 })).toBe("none");
    await own.stop();
  });

  test("once closed it stays closed", async () => {
    const backend = open("tcp");
    await backend.load(newKey());
    await backend.close();
    expect(await failure(backend.load(newKey()))).toBe("backend_unavailable");
  });
});

describe("over Upstash's REST", () => {
  test("a wrong token is unavailable, and no error says anything of it or the payload", async () => {
    const backend = open("upstash", { token: "wrong-token" });
    const error = await backend
      .commit([await saving(newKey(), 0, "payload-in-here")])
      .catch((cause: unknown) => cause);
    expect((error as CairnError).code).toBe("backend_unavailable");
    const said = [error, (error as CairnError).cause]
      .map((each) => `${each} ${(each as Error).stack}`)
      .join();
    expect(said).not.toMatch(/wrong-token|payload|cGF5bG9hZ|127\.0\.0\.1/);
  });

  test("a request over the plan's limit was not done", async () => {
    const small = await startUpstash(rig.redis.url, "secret", { maxRequestBytes: 3000 });
    const backend = redisBackend({ transport: "upstash", url: small.url, token: "secret" });
    const key = newKey();
    expect(await failure(backend.commit([await saving(key, 0, noise(9000))]))).toBe("backend_unavailable");
    expect(await versionOf(key)).toBe(undefined);
    await small.stop();
  });
});

test("requests too small for a commit are refused when the backend is made", () => {
  expect(() => redisBackend({ transport: "tcp", maxRequestBytes: 1000 })).toThrow("maxRequestBytes");
});

test("a URL of another protocol is refused when the backend is made, without repeating it", () => {
  const wrong: RedisOptions[] = [
    { transport: "tcp", url: "https://user:secret@host" },
    { transport: "tcp", url: "nonsense secret" },
    { transport: "upstash", url: "redis://secret", token: "t" },
  ];
  for (const options of wrong) {
    let message = "";
    try {
      redisBackend(options);
    } catch (error) {
      message = `${(error as CairnError).code} ${error}`;
    }
    expect(message).toMatch(/^invalid_configuration /);
    expect(message).not.toMatch(/secret/);
  }
});
