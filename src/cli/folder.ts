import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartError } from "./settings.ts";

/** A data folder that this process alone uses. */
export interface DataFolder {
  /** Absolute path. */
  path: string;
  /** Scratch space, empty at every start. */
  temporary: string;
  /** Name of the R2 bucket: chosen once, at random. */
  bucket: string;
  /** Lets the next process have the folder. The end of the process does the same. */
  release(): void;
}

/** How long a start waits for a predecessor that is just being killed, in milliseconds. */
const handoverMs = 2000;

/**
 * Creates the data folder where it is missing and takes its lock.
 *
 * @throws StartError when the folder cannot be written or another process holds it
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const release = lock(join(path, "lock"));
    const temporary = join(path, "tmp");
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary);
    return { path, temporary, bucket: bucketName(join(path, "bucket")), release };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The data folder ${path} cannot be written (${(error as Error).message}). Set CAIRN_DATA to one that can.`,
    );
  }
}

/**
 * The lock is SQLite's: the system drops it when the process ends, however it ends, so none goes stale,
 * and no process id is ever guessed about.
 */
function lock(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: handoverMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new StartError(
      `Another npm start already runs on ${file.slice(0, -"/lock".length)}. ` +
        `Stop it first, or give this one a folder of its own with CAIRN_DATA.`,
    );
  }
  return () => database.close();
}

/**
 * Miniflare serves every bucket by its name, to anyone on this machine, on a port of its own beside ours.
 * A name that cannot be guessed keeps what is stored behind the API keys.
 */
function bucketName(file: string): string {
  const known = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (known !== "") return known;
  const name = `cairn-${randomUUID()}`;
  writeFileSync(file, name, { mode: 0o600, flush: true });
  return name;
}
