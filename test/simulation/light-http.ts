/** Header fields by their lowercase names. */
class LightHeaders {
  readonly #fields = new Map<string, string>();

  constructor(fields: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(fields)) this.set(name, value);
  }

  get(name: string): string | null {
    return this.#fields.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  set(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), String(value));
  }
}

/** What the service and the clients use of a Response, without streams. */
export class LightResponse {
  readonly status: number;
  readonly headers: LightHeaders;
  readonly bytes: Uint8Array;

  constructor(
    body: string | Uint8Array | null = null,
    { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    this.status = status;
    this.headers = new LightHeaders(headers);
    this.bytes = typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(this.bytes).buffer;
  }
}

export interface LightInit {
  method: string;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array;
}

/** What the service uses of a Request: undici's would be most of what a run costs. */
export function lightRequest(url: string, { method, headers, body }: LightInit): Request {
  let left: Uint8Array | undefined = body;
  const reader = {
    async read() {
      const value = left;
      left = undefined;
      return { value, done: value === undefined };
    },
    releaseLock() {},
    cancel: async () => {},
  };
  const stream = body && { locked: false, getReader: () => reader };
  const request = { url, method, headers: new LightHeaders(headers), body: stream ?? null };
  return request as unknown as Request;
}
