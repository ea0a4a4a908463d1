import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What a function is deployed as. */
export interface FunctionOptions {
  /** Of aws-lambda-ric. */
  ric: string;
  /** The folder of its package. */
  folder: string;
  /** `api.handler`. */
  handler: string;
  environment: Readonly<Record<string, string>>;
}

/** What a function answers, as it comes. Its end tells whether it is whole: `error` in its trailers. */
export interface Invoked {
  contentType: string;
  body: IncomingMessage;
  /** Lets the function go on: Lambda has taken its answer in. */
  done(): void;
}

/** One container: a process of AWS's runtime client, asked one thing at a time, frozen in between. */
export interface Container {
  readonly process: ChildProcess;
  /** What it printed. */
  log(): string;
  /** @throws Error when the function throws, or its process ends */
  invoke(event: unknown): Promise<Invoked>;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 60_000;

interface Waiting {
  resolve(invoked: Invoked): void;
  reject(error: Error): void;
}

/** Lambda's Runtime API (2018-06-01) for one container. */
export async function startContainer(options: FunctionOptions): Promise<Container> {
  let asked: { event: string; id: string } | undefined;
  let waiting: Waiting | undefined;
  let next: ServerResponse | undefined;
  let ended: Error | undefined;
  let count = 0;

  /** When the function asks for work and there is some, it gets it; when there is none, it is frozen. */
  function hand(): void {
    if (!next) return;
    if (!asked) return void child.kill("SIGSTOP");
    const response = next;
    const { id, event } = asked;
    [next, asked] = [undefined, undefined];
    child.kill("SIGCONT");
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": id,
      "Lambda-Runtime-Deadline-Ms": String(Date.now() + TIMEOUT_MS),
      "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-test-1:000000000000:function:cairn",
      "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
    });
    response.end(event);
  }

  function settle(): Waiting | undefined {
    const settled = waiting;
    waiting = undefined;
    return settled;
  }

  const server = createServer(async (request, response) => {
    const accept = () => response.writeHead(202).end();
    const path = request.url!.replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      next = response;
      return hand();
    }
    if (path.endsWith("/response"))
      return settle()?.resolve({
        contentType: request.headers["content-type"] ?? "",
        body: request,
        done: accept,
      });
    settle()?.reject(new Error(`${path}: ${await text(request)}`));
    accept();
  });
  // Its connections outlive a freeze.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const child = spawn(process.execPath, [options.ric], {
    cwd: options.folder,
    env: environmentOf(options, (server.address() as AddressInfo).port),
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A process that is frozen does not notice that this one has gone.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const exited = once(child, "close").then(() => {
    ended = new Error(`The function's process ended.\n${printed}`);
    settle()?.reject(ended);
  });

  return {
    process: child,
    log: () => printed,
    invoke(event) {
      return new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        waiting = { resolve, reject };
        asked = {
          event: JSON.stringify(event),
          id: `00000000-0000-0000-0000-${String(++count).padStart(12, "0")}`,
        };
        hand();
      });
    },
    async stop() {
      process.off("exit", kill);
      kill();
      await exited;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Nothing of this process's: on Lambda there is nothing else either. */
function environmentOf({ folder, handler, environment }: FunctionOptions, port: number): NodeJS.ProcessEnv {
  return {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: handler,
    AWS_LAMBDA_FUNCTION_NAME: "cairn",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
    AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/cairn",
    AWS_LAMBDA_LOG_STREAM_NAME: "test",
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    ...environment,
  };
}
