import { CairnError } from "../../model/errors.ts";
import type { ObjectStore, PutCondition, PutResult } from "./store.ts";

export interface FolderOptions {
  path: string;
  /** Wait for the disk before a put is acknowledged. @default true */
  fsync?: boolean;
}

/**
 * A local folder as an object store, safe between processes without locks. An object is a folder of numbered
 * generations, the highest is current. A put writes a temporary file and links it in as the next number: of all
 * who try, `link` lets one succeed. Node only.
 */
export async function folderStore({ path: root, fsync = true }: FolderOptions): Promise<ObjectStore> {
  const [fs, { join, dirname }, { createHash, randomUUID }] = await Promise.all([
    import("node:fs/promises"),
    import("node:path"),
    import("node:crypto"),
  ]);
  const temporary = join(root, "tmp");
  await fs.mkdir(temporary, { recursive: true });
  const place = (key: string) => join(root, "objects", ...key.split("/").map(escapeName));
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

  async function generations(folder: string): Promise<number[]> {
    const names = await fs.readdir(folder).catch(ignore("ENOENT", []));
    return names
      .filter((name) => /^@\d+$/.test(name))
      .map((name) => Number(name.slice(1)))
      .sort((a, b) => b - a);
  }

  async function current(
    folder: string,
  ): Promise<{ number: number; bytes: Uint8Array; etag: string } | null> {
    for (;;) {
      const [number] = await generations(folder);
      if (number === undefined) return null;
      const bytes = await fs.readFile(join(folder, `@${number}`)).catch(ignore("ENOENT", null));
      // Gone between the two calls: a newer generation is there, or the object was deleted.
      if (bytes) return { number, bytes: new Uint8Array(bytes), etag: `${number}-${hash(bytes)}` };
    }
  }

  /** Of its current generation; one that is gone meanwhile is as new as can be. */
  async function timeOf(key: string): Promise<number> {
    const [number] = await generations(place(key));
    const file = await fs.stat(join(place(key), `@${number}`)).catch(ignore("ENOENT", null));
    return file?.mtimeMs ?? Date.now();
  }

  async function writeTemporary(bytes: Uint8Array): Promise<string> {
    const name = join(temporary, randomUUID());
    try {
      const file = await fs.open(name, "wx");
      try {
        await file.writeFile(bytes);
        if (fsync) await file.sync();
      } finally {
        await file.close();
      }
      return name;
    } catch (error) {
      await fs.unlink(name).catch(() => {});
      throw fullOr(error);
    }
  }

  async function syncFolder(folder: string): Promise<void> {
    if (!fsync) return;
    const handle = await fs.open(folder, "r");
    await handle.sync().finally(() => handle.close());
  }

  /** Makes the file the given generation; false when another has it. */
  async function publish(file: string, folder: string, number: number): Promise<boolean> {
    for (;;) {
      try {
        await fs.link(file, join(folder, `@${number}`));
        return true;
      } catch (error) {
        if (code(error) === "EEXIST") return false;
        // The folder is not there yet, or a delete has just taken it away.
        if (code(error) !== "ENOENT") throw fullOr(error);
        await makeFolder(folder);
      }
    }
  }

  async function makeFolder(folder: string): Promise<void> {
    const first = await fs.mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw fullOr(error);
    });
    if (!first) return;
    for (let each = folder; each.length >= dirname(first).length; each = dirname(each))
      await syncFolder(each);
  }

  /**
   * Oldest first, so that whoever finds generation n gone knows that all before it are. The first stays: while it
   * is there, nobody who was held up can make the object anew.
   */
  async function removeOlder(folder: string, number: number): Promise<void> {
    const old = (await generations(folder)).filter((each) => each > 1 && each < number - 1).reverse();
    for (const each of old) await fs.unlink(join(folder, `@${each}`)).catch(ignore("ENOENT", undefined));
  }

  async function putOnce(file: string, folder: string, bytes: Uint8Array, condition?: PutCondition) {
    const now = await current(folder);
    if (condition === "absent" && now) return null;
    if (typeof condition === "object" && now?.etag !== condition.ifMatch) return null;
    const number = (now?.number ?? 0) + 1;
    if (!(await publish(file, folder, number))) return condition ? null : "again";
    if (condition && now && !(await wasFree(folder, number, now))) {
      // Held up so long that its number had come and gone: whether it counts, only a reader can say.
      throw new Error(`generation ${now.number} was replaced while ${number} was written`);
    }
    await syncFolder(folder);
    await removeOlder(folder, number);
    return { etag: `${number}-${hash(bytes)}`, at: Date.now() };
  }

  /**
   * Whether nobody had the number before: it is the highest, for that one is never removed; or the generation
   * before it is the same file as ever, for that one would have gone first. The first generation always stays,
   * and so proves nothing.
   */
  async function wasFree(
    folder: string,
    number: number,
    before: { number: number; etag: string },
  ): Promise<boolean> {
    const [highest] = await generations(folder);
    if (highest === number) return true;
    if (before.number === 1) return false;
    const bytes = await fs.readFile(join(folder, `@${before.number}`)).catch(ignore("ENOENT", null));
    return bytes !== null && `${before.number}-${hash(bytes)}` === before.etag;
  }

  async function remove(key: string): Promise<void> {
    const folder = place(key);
    for (const number of (await generations(folder)).reverse()) {
      await fs.unlink(join(folder, `@${number}`)).catch(ignore("ENOENT", undefined));
    }
    await fs.rmdir(folder).catch(ignore("ENOENT", undefined)).catch(ignore("ENOTEMPTY", undefined));
  }

  return {
    name: "folder",
    minWriteSeconds: 0,
    async get(key) {
      const found = await current(place(key));
      return found && { bytes: found.bytes, etag: found.etag };
    },
    async put(key, bytes, condition): Promise<PutResult> {
      const file = await writeTemporary(bytes);
      try {
        for (;;) {
          const result = await putOnce(file, place(key), bytes, condition);
          if (result !== "again") return result;
        }
      } finally {
        await fs.unlink(file).catch(ignore("ENOENT", undefined));
      }
    },
    async delete(keys) {
      await Promise.all(keys.map(remove));
    },
    async list(prefix, { after, limit }) {
      const keys = await walk(fs, join(root, "objects"), prefix);
      const left = keys.filter((key) => after === undefined || key > after).sort();
      const found = left.slice(0, limit);
      return { keys: found, times: await Promise.all(found.map(timeOf)), more: left.length > limit };
    },
    async check() {
      const file = await writeTemporary(new Uint8Array(1)).catch(() => null);
      if (file === null) return ["The data folder cannot be written."];
      await fs.unlink(file);
      return [];
    },
  };
}

type Fs = typeof import("node:fs/promises");

/** All keys below a prefix: an object is a folder that holds generations. */
async function walk(fs: Fs, root: string, prefix: string): Promise<string[]> {
  const parts = prefix.split("/");
  const stem = parts.slice(0, -1);
  const start = [root, ...stem.map(escapeName)].join("/");
  const found: string[] = [];
  const visit = async (folder: string, path: string[]): Promise<void> => {
    const entries = await fs.readdir(folder, { withFileTypes: true }).catch(ignore("ENOENT", []));
    if (entries.some((entry) => entry.name.startsWith("@"))) found.push(path.join("/"));
    const folders = entries.filter((entry) => entry.isDirectory());
    for (const entry of folders) await visit(`${folder}/${entry.name}`, [...path, unescapeName(entry.name)]);
  };
  await visit(start, stem);
  return found.filter((key) => key.startsWith(prefix));
}

/** Upper case is marked behind the name, so that ids differ on file systems that fold case. */
function escapeName(name: string): string {
  const bits = [...name].map((letter) => (/[A-Z]/.test(letter) ? "1" : "0")).join("");
  return bits.includes("1") ? `${name.toLowerCase()}^${BigInt(`0b1${bits}`).toString(36)}` : name;
}

function unescapeName(escaped: string): string {
  const [name = "", mark] = escaped.split("^");
  if (mark === undefined) return name;
  const bits = [...mark]
    .reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n)
    .toString(2);
  return [...name].map((letter, index) => (bits[index + 1] === "1" ? letter.toUpperCase() : letter)).join("");
}

/** A full disk, met before anything was published: certainly nothing was done. */
function fullOr(error: unknown): unknown {
  if (!["ENOSPC", "EDQUOT"].includes(code(error) ?? "")) return error;
  return new CairnError("insufficient_storage", "The disk of the data folder is full.", { cause: error });
}

function code(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function ignore<T>(expected: string, value: T): (error: unknown) => T {
  return (error) => {
    if (code(error) === expected) return value;
    throw error;
  };
}
