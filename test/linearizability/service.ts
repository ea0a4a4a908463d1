/** The service in a process of its own, over a store that others share. Its argument: JSON of a `ServiceOptions`. */

import { createApp } from "../../src/http/app.ts";
import { serveHttp } from "../../src/http/node-server.ts";
import { createCore } from "../../src/state/core.ts";
import { BUGS, type BugName } from "./bugs.ts";
import { backendAt, type Place } from "./places.ts";

export interface ServiceOptions {
  place: Place;
  /** A mistake that must be found. */
  planted: BugName | null;
}

const { place, planted } = JSON.parse(process.argv[2]!) as ServiceOptions;
const backend = await backendAt(place);
const core = createCore({ backend: planted ? BUGS[planted](backend, Date.now) : backend });
const { port } = await serveHttp(createApp({ core, keys: null }));
console.log(`port ${port}`);
