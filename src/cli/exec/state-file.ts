import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256Hex } from "../../frames/digest.ts";
import { checkJson, decodeUtf8 } from "../../model/json/text.ts";

/** What a program keeps in its file. */
export interface FileContent {
  bytes: Uint8Array;
  contentType: string;
  sha256: string;
}

/** A file that another program writes, whenever and however it likes. */
export class StateFile {
  readonly path: string;
  /** Of the content that need not be saved again. */
  #saved: string | null = null;
  #looked = "";
  /** How it looked when there was nothing to save. */
  #settled = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Whole or not at all, for its owner only. */
  async restore(bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const draft = `${this.path}.${process.pid}.part`;
    try {
      await writeFile(draft, bytes, { mode: 0o600 });
      await rename(draft, this.path);
    } finally {
      await rm(draft, { force: true });
    }
    this.#saved = await sha256Hex(bytes);
  }

  /** Its content, when it is the same as at the last look, and another one than was saved. */
  async look(): Promise<FileContent | null> {
    const before = this.#looked;
    this.#looked = await this.#appearance();
    const isNews = this.#looked === before && this.#looked !== this.#settled;
    return isNews ? this.read() : null;
  }

  /** Its content now, when that is another one than was saved. Null as well while it is being written, or no JSON. */
  async read(): Promise<FileContent | null> {
    const appearance = await this.#appearance();
    if (appearance === "") return null;
    const bytes = await readFile(this.path);
    if ((await this.#appearance()) !== appearance) return null;
    const sha256 = await sha256Hex(bytes);
    if (sha256 === this.#saved) this.#settled = appearance;
    const contentType = this.#typeOf(bytes);
    return sha256 === this.#saved || contentType === null ? null : { bytes, contentType, sha256 };
  }

  saved({ sha256 }: FileContent): void {
    this.#saved = sha256;
  }

  /** Null for what says that it is JSON and is not. */
  #typeOf(bytes: Uint8Array): string | null {
    if (!this.path.endsWith(".json")) return "application/octet-stream";
    const text = decodeUtf8(bytes);
    const check = text === null ? null : checkJson(text);
    if (check?.ok) return "application/json";
    return check?.reason === "depth" ? "application/octet-stream" : null;
  }

  /** Tells one content from another without reading it; empty where there is no file. */
  async #appearance(): Promise<string> {
    const found = await stat(this.path, { bigint: true }).catch(() => null);
    return found?.isFile() ? `${found.ino} ${found.size} ${found.mtimeNs}` : "";
  }
}
