import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";

const ENTRY = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--no-first-run"],
];

/** A site whose only page has the client for its modules, as a bundler for browsers makes them. */
export async function serveSite(): Promise<{ origin: string }> {
  const files = await modules();
  const server = createServer(({ url }, response) => {
    const code = files.get(url!.slice(1));
    if (code) return response.writeHead(200, { "Content-Type": "text/javascript" }).end(code);
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>a page</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function modules(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    ...{ entryPoints: [ENTRY], bundle: true, splitting: true, format: "esm", platform: "browser" },
    ...{ write: false, outdir: "/", logLevel: "silent" },
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(1), text]));
}

/** A page of a site in a browser of its own. */
export async function openPage(origin: string): Promise<Page> {
  ensureProgram("chromium");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  return page;
}
