// A ZIP on its way here: gone on with after every break, checked, and only then handed over.

import type { Connection } from "./connection.ts";
import { Line } from "./line.ts";
import { lost, Refused, Tries } from "./refused.ts";

/** What is here of a download, and of what: by its ETag, null where that is not known. */
export interface Held {
  readonly etag: string | null;
  readonly bytes: number;
}

/** Where a download goes, once. `FileSink` of fiapx-client/node and `BlobSink` are two. */
export interface Sink<Saved> {
  held(): Promise<Held>;
  /** Throw away what is here, and begin with what has this ETag. */
  begin(etag: string | null): Promise<void>;
  /** Add to what is here. */
  write(piece: Uint8Array): Promise<void>;
  /** The checksum of all that is here, in hexadecimal; null where it cannot be known. */
  sha256(): Promise<string | null>;
  /** All is here, and right. */
  finish(): Promise<Saved>;
  /** Leave what is here for the next time; after `finish`, too. */
  close(): Promise<void>;
}

export interface DownloadProgress {
  /** "waiting" until it tries again, for `problem`'s sake. */
  readonly phase: "receiving" | "checking" | "waiting";
  /** It never falls, also where something must be fetched again. */
  readonly receivedBytes: number;
  /** 0 while it is not known. */
  readonly totalBytes: number;
  readonly problem: Refused | null;
}

export interface DownloadSettings {
  readonly onChange?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** What is here is not the beginning of what is there. */
const OUTSIDE = "RANGE_NOT_SATISFIABLE";
/** After so many failures without a byte it is asked whether they are the storage's. */
const ALONE = 3;
const RANGE = /^bytes (\d+)-\d+\/(\d+)$/;
/** A strong one: a weak one does not say that something is the same to the byte. */
const STRONG = /^"[!#-~]*"$/;
const SHA256 = /^"([0-9a-f]{64})"$/;

/** One download, as it is. */
export class Download<Saved> {
  readonly #tries = new Tries([OUTSIDE]);
  #receivedBytes = 0;
  #totalBytes = 0;

  constructor(readonly service: Connection, readonly path: string, readonly sink: Sink<Saved>, readonly onChange: DownloadSettings["onChange"]) {}

  /** Throws `Refused`, what `stop` was aborted with, or what the sink throws. */
  async run(stop: AbortSignal): Promise<Saved> {
    try {
      for (;;) {
        stop.throwIfAborted();
        const line = new Line(stop);
        try {
          const answer = await this.#receive(line);
          await this.#check(answer, line.signal);
          return await this.sink.finish();
        } catch (error) {
          await this.#tries.failed(await this.#judged(error, stop), stop, (problem) => this.#tell("waiting", problem));
        } finally {
          line.end();
        }
      }
    } finally {
      await this.sink.close();
    }
  }

  /** What stopped it; nobody tells a line that broke from a storage to which no way leads. */
  async #judged(error: unknown, signal: AbortSignal): Promise<unknown> {
    const { code } = error as Partial<Refused>;
    if (code === OUTSIDE) await this.sink.begin(null);
    if (code !== "NETWORK" || this.#receivedBytes > 0 || this.#tries.failures < ALONE) return error;
    const answers = await this.#asked(signal).catch(() => null);
    return answers ? new Refused("STORAGE_UNREACHABLE", { message: "The service answers, but the storage with the ZIP does not." }) : error;
  }

  /** Fetch what is missing; give the answer that had it. */
  async #receive(line: Line): Promise<Response> {
    const { etag, bytes } = await this.sink.held();
    const isKnown = STRONG.test(etag ?? "");
    // The last byte comes once more, since a range behind the end would be refused where all is here.
    const from = isKnown ? Math.max(bytes - 1, 0) : 0;
    const headers = { Range: `bytes=${from}-`, ...(isKnown && { "If-Range": etag! }) };
    const answer = await this.service.open(this.path, { headers, signal: line.signal });
    const found = answer.headers.get("ETag");
    // Not every storage heeds If-Range.
    const isSame = isKnown && etag === found;
    if (!isSame) await this.sink.begin(found);
    await this.#take(answer, line, isSame ? bytes : 0);
    return answer;
  }

  /** Add what comes behind what is `here`. */
  async #take(answer: Response, line: Line, here: number): Promise<void> {
    const [, start = 0, total = answer.headers.get("Content-Length")] = RANGE.exec(answer.headers.get("Content-Range") ?? "") ?? [];
    this.#totalBytes = Number(total);
    let twice = here - Number(start);
    if (twice < 0) throw new Refused(OUTSIDE);
    for await (const piece of line.pieces(answer)) {
      const more = piece.subarray(twice);
      twice = Math.max(twice - piece.length, 0);
      await this.sink.write(more);
      here += more.length;
      this.#receivedBytes = Math.max(this.#receivedBytes, here);
      this.#tries.failures = 0;
      this.#tell("receiving");
    }
    if (here < this.#totalBytes) throw lost();
  }

  /** Hold what came against what the service says of it; a storage's ETag says nothing of that. */
  async #check(answer: Response, signal: AbortSignal): Promise<void> {
    this.#tell("checking");
    const said = answer.redirected ? await this.#asked(signal) : answer;
    const [, right] = SHA256.exec(said.headers.get("ETag") ?? "") ?? [];
    if (!right || [right, null].includes(await this.sink.sha256())) return;
    await this.sink.begin(null);
    throw new Refused("DAMAGED", { message: "What came has another checksum than it should; download it again." });
  }

  /** What the service itself says of it. */
  #asked(signal: AbortSignal): Promise<Response> {
    return this.service.open(this.path, { method: "HEAD", signal });
  }

  #tell(phase: DownloadProgress["phase"], problem: Refused | null = null): void {
    this.onChange?.({ phase, receivedBytes: this.#receivedBytes, totalBytes: this.#totalBytes, problem });
  }
}

/** A download in memory, for pages: gives a Blob. */
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
