import type { S3Location } from "./s3-client.ts";
import { fetchClient } from "./s3-fetch.ts";
import { sdkClient } from "./s3-sdk.ts";
import { type S3StoreOptions, storeOver } from "./s3-store.ts";
import type { ObjectStore } from "./store.ts";

export interface S3Options extends S3Location, Omit<S3StoreOptions, "endpoint"> {
  /** `sdk`: AWS's own, on Lambda and Node. `fetch`: a light signer, runs in Workers as well. */
  client: "sdk" | "fetch";
}

/**
 * A bucket of AWS S3, of R2 by its S3 API, or of anything that speaks S3 and honours conditional writes; `check`
 * tells when it does not.
 *
 * A bundle that needs one client only takes `storeOver` and that client instead.
 *
 * @throws CairnError `invalid_configuration`
 */
export function s3Store({ client, ...options }: S3Options): ObjectStore {
  return storeOver(client === "sdk" ? sdkClient(options) : fetchClient(options), options);
}
