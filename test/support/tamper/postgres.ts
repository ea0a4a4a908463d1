import { nameOf } from "../../../src/backends/postgres/lists.ts";
import type { Runner } from "../../../src/backends/postgres/runner.ts";
import type { Medium } from "./medium.ts";

const PIPELINE = "SELECT id FROM cairn.pipelines WHERE tenant = $1 AND pipeline_id = $2";
const READ = `SELECT encode(bytes, 'base64') AS bytes FROM cairn.frames
  WHERE pipeline = (${PIPELINE}) AND frame_id = $3`;
const DELETE = `DELETE FROM cairn.frames WHERE pipeline = (${PIPELINE}) AND frame_id = $3`;
const WRITE = `INSERT INTO cairn.frames (pipeline, frame_id, bytes)
  VALUES ((${PIPELINE}), $3, decode($4, 'base64'))
  ON CONFLICT (pipeline, frame_id) DO UPDATE SET bytes = excluded.bytes`;

export function postgresMedium(runner: Runner): Medium {
  return async (key, frameId) => {
    const place = [...nameOf(key), frameId];
    return {
      where: "row",
      async read() {
        const [row] = await runner.query(READ, place);
        return row ? new Uint8Array(Buffer.from(row.bytes!, "base64")) : null;
      },
      async write(bytes) {
        if (bytes) await runner.query(WRITE, [...place, Buffer.from(bytes).toString("base64")]);
        else await runner.query(DELETE, place);
      },
    };
  };
}
