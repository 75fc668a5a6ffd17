// What only Node.js has: fiapx-client/node.

import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import type { Held, Sink } from "./download.ts";

/**
 * A file on the disk; gives its path. What came is in `<path>.part`, and of what, by its ETag, in `<path>.part.etag`, so that
 * another program goes on where this one ended. It gets its name once it is whole.
 */
export class FileSink implements Sink<string> {
  #open: FileHandle | null = null;

  constructor(readonly path: string) {}

  async held(): Promise<Held> {
    const [there, part] = await Promise.all([this.path, this.#part].map((path) => stat(path).catch(() => null)));
    if (there?.isDirectory()) throw new Error(`${this.path} is a folder; name the file that the ZIP becomes.`);
    return { etag: await readFile(this.#mark, "utf8").catch(() => null), bytes: part?.size ?? 0 };
  }

  async begin(etag: string | null): Promise<void> {
    await this.close();
    // In this order: whatever ends the program in between, what is here is never taken for another's.
    for (const path of [this.#mark, this.#part]) await rm(path, { force: true });
    if (etag) await writeFile(this.#mark, etag);
  }

  async write(piece: Uint8Array): Promise<void> {
    await (await this.#file()).appendFile(piece);
  }

  async sha256(): Promise<string> {
    const hash = createHash("sha256");
    for await (const piece of (await this.#file()).createReadStream({ start: 0, autoClose: false })) hash.update(piece);
    return hash.digest("hex");
  }

  async finish(): Promise<string> {
    await (await this.#file()).sync();
    await this.close();
    await rename(this.#part, this.path);
    await rm(this.#mark, { force: true });
    return this.path;
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#open = null;
  }

  get #part(): string {
    return `${this.path}.part`;
  }

  get #mark(): string {
    return `${this.path}.part.etag`;
  }

  async #file(): Promise<FileHandle> {
    return (this.#open ??= await open(this.#part, "a+"));
  }
}
