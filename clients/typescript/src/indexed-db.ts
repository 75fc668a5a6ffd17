// What a browser keeps of unfinished uploads, past a reload and past its own end.

import type { Kept, Store } from "./service.ts";

const UPLOADS = "uploads";

function answered<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A store in IndexedDB; name it after the user where several people share a browser. */
export class IndexedDbStore implements Store {
  constructor(readonly name: string) {}

  get = (fingerprint: string): Promise<Kept | undefined> => this.#with("readonly", (uploads) => uploads.get(fingerprint));

  put = (kept: Kept): Promise<unknown> => this.#with("readwrite", (uploads) => uploads.put(kept));

  delete = (fingerprint: string): Promise<void> => this.#with("readwrite", (uploads) => uploads.delete(fingerprint));

  /** All unfinished uploads that were begun in this browser. */
  list = (): Promise<Kept[]> => this.#with("readonly", (uploads) => uploads.getAll());

  async #with<Value>(mode: IDBTransactionMode, step: (uploads: IDBObjectStore) => IDBRequest<Value>): Promise<Value> {
    const opening = indexedDB.open(this.name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(UPLOADS, { keyPath: "fingerprint" });
    const database = await answered(opening);
    try {
      return await answered(step(database.transaction(UPLOADS, mode).objectStore(UPLOADS)));
    } finally {
      database.close();
    }
  }
}
