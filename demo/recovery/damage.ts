import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Flips the last bit of the head of a pipeline in the emulator's bucket, which must not be running. A head ends with
 * the bytes of its newest frame.
 *
 * @param folder of the service's data
 */
export function damageNewestFrame(folder: string, pipelineId: string): void {
  const r2 = join(folder, "r2");
  const files = readdirSync(r2, { recursive: true, encoding: "utf8" }).map((path) => join(r2, path));
  const blob = blobOf(files, `heads/local/${pipelineId}`);
  const file = files.find((path) => path.endsWith(blob));
  if (!file) throw new Error(`The bucket has no blob ${blob}.`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
}

/** The emulator keeps the names of objects in an index beside them. */
function blobOf(files: readonly string[], key: string): string {
  for (const path of files.filter((each) => each.endsWith(".sqlite"))) {
    const index = new DatabaseSync(path, { readOnly: true });
    try {
      const row = index.prepare("SELECT blob_id FROM _mf_objects WHERE key = ?").get(key);
      if (row) return String(row.blob_id);
    } catch {
      // Another of the emulator's indexes.
    } finally {
      index.close();
    }
  }
  throw new Error(`The bucket has no object ${key}.`);
}
