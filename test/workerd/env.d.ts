// What the tests in workerd get from the runtime. The full types of Workers would replace those of Node
// and the DOM everywhere else, so only what is used is named here.

declare module "cloudflare:workers" {
  export const env: {
    CAIRN_BUCKET: import("@cloudflare/workers-types").R2Bucket;
    CAIRN_R2_MIN_COMMIT_SECONDS: string;
  };
}

declare module "cloudflare:test" {
  /** Empties every bucket; storage is fresh for each test file, but not for each test. */
  export function reset(): Promise<void>;
}
