// A download in memory, for pages.

import type { Held, Sink } from "./download.ts";

/** Gives a Blob. */
export class BlobSink implements Sink<Blob> {
  #etag: string | null = null;
  #pieces: Uint8Array<ArrayBuffer>[] = [];

  async held(): Promise<Held> {
    return { etag: this.#etag, bytes: (await this.finish()).size };
  }

  async begin(etag: string | null): Promise<void> {
    [this.#etag, this.#pieces] = [etag, []];
  }

  async write(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#pieces.push(piece);
  }

  /** Pages that came over plain HTTP cannot reckon it. */
  async sha256(): Promise<string | null> {
    const digest = await globalThis.crypto.subtle?.digest("SHA-256", await (await this.finish()).arrayBuffer());
    return digest ? Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("") : null;
  }

  async finish(): Promise<Blob> {
    return new Blob(this.#pieces, { type: "application/zip" });
  }

  async close(): Promise<void> {}
}
