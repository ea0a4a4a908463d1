/** A process that makes pipelines. */
import { type Filling, fill } from "../sweep/fill.ts";
import { openStore, type Spec } from "../sweep/spec.ts";

const { spec, batch, filling } = JSON.parse(process.argv[2]!) as {
  spec: Spec;
  batch: number;
  filling: Filling;
};
const backend = await openStore(spec);
await fill({ backend, batch }, filling);
await backend.close();
process.exit();
