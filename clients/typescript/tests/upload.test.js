import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { Refused, Upload } from "../dist/index.js";
import { FILM, film, MemoryStore, Twin } from "./twins.js";

function uploading(twin, settings = {}) {
  const told = [];
  const upload = new Upload(twin, film(), { put: twin.put, wait: twin.wait, onChange: (now) => told.push(now), ...settings });
  return { upload, told };
}

const rising = (told) => told.every(({ sentBytes }, index) => index === 0 || sentBytes >= told[index - 1].sentBytes);

test("a file arrives in parts, and its progress rises to the end", async () => {
  const twin = new Twin();
  const { upload, told } = uploading(twin);
  deepEqual(await upload.done, { id: "upload-1", text: FILM });
  deepEqual(twin.asked.filter((name) => name !== "put"), ["create", "complete"]);
  ok(rising(told));
  deepEqual(told.at(-1), { phase: "completing", sentBytes: FILM.length, totalBytes: FILM.length, problem: null });
  equal(twin.created[0].firstBytes, btoa(FILM));
});

test("no more parts than agreed are under way at once", async () => {
  const twin = new Twin();
  let [now, most] = [0, 0];
  twin.held = async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
  };
  await uploading(twin, { parallel: 2 }).upload.done;
  equal(most, 2);
});

test("when the URLs are used up it asks for the next", async () => {
  const twin = new Twin();
  twin.urlsAtOnce = 2;
  equal((await uploading(twin).upload.done).text, FILM);
  equal(twin.asked.filter((name) => name === "refresh").length, 2);
});

test("a broken line costs the part that was under way, and no confirmed one", async () => {
  const twin = new Twin();
  twin.failures = [["put", new Refused("NETWORK")], ["refresh", new Refused("NETWORK")]];
  const { upload, told } = uploading(twin, { parallel: 1 });
  equal((await upload.done).text, FILM);
  deepEqual(twin.sent, [1, 1, 2, 3, 4, 5]);
  ok(rising(told));
  deepEqual(told.filter(({ phase }) => phase === "waiting").map(({ problem }) => problem.code), ["NETWORK", "NETWORK"]);
});

test("whoever is told when to come back comes then, and not before", async () => {
  const twin = new Twin();
  const later = (retryAfterSeconds) => new Refused("SERVICE_BUSY", { retryAfterSeconds });
  twin.failures = [["create", later(60)], ["put", new Refused("STORAGE_ERROR", { retryAfterSeconds: 7 })], ["complete", later(30)]];
  await uploading(twin, { parallel: 1 }).upload.done;
  deepEqual(twin.waits, [60_000, 7000, 30_000]);
});

test("it waits longer each time, up to ten seconds, and gives up after thirty failures", async () => {
  const twin = new Twin();
  twin.failures = Array.from({ length: 99 }, () => ["create", new Refused("NETWORK")]);
  await rejects(uploading(twin).upload.done, { code: "NETWORK" });
  equal(twin.waits.length, 30);
  ok(twin.waits[0] <= 1000 && twin.waits[0] >= 500);
  ok(twin.waits.every((pause) => pause <= 10_000) && twin.waits[29] >= 5000);
});

test("a refusal is told at once, without another try", async () => {
  for (const code of ["UNSUPPORTED_FILE_FORMAT", "QUOTA_EXCEEDED", "STAGING_UNAVAILABLE", "UNAUTHENTICATED"]) {
    const twin = new Twin();
    twin.failures = [["create", new Refused(code)]];
    await rejects(uploading(twin).upload.done, { code });
    deepEqual([twin.asked, twin.sent], [["create"], []]);
  }
});

test("a URL that is refused is renewed without waiting", async () => {
  const twin = new Twin();
  const { put } = twin;
  let expired = true;
  twin.put = (...part) => (expired ? ((expired = false), Promise.resolve({ status: 403, retryAfterSeconds: null })) : put(...part));
  equal((await uploading(twin).upload.done).text, FILM);
  deepEqual(twin.waits, []);
});

test("where no part ever gets through although the service answers, it says so", async () => {
  const twin = new Twin();
  twin.put = async () => {
    throw new Refused("NETWORK");
  };
  await rejects(uploading(twin).upload.done, { code: "STORAGE_UNREACHABLE" });
  equal(twin.asked.filter((name) => name === "refresh").length, 3);
});

test("a pause stops what is under way, and going on sends it again", async () => {
  const twin = new Twin();
  const { upload, told } = uploading(twin, { parallel: 1 });
  const paused = new Promise((resolve) => {
    twin.held = (number, signal) =>
      number === 3 && new Promise((_, reject) => (signal.addEventListener("abort", () => reject(signal.reason)), upload.pause(), resolve()));
  });
  await paused;
  await new Promise(setImmediate);
  equal(upload.progress.phase, "paused");
  const { length } = twin.sent;
  await new Promise((resolve) => setTimeout(resolve, 20));
  equal(twin.sent.length, length);
  twin.held = undefined;
  upload.resume();
  equal((await upload.done).text, FILM);
  deepEqual(twin.sent, [1, 2, 3, 3, 4, 5]);
  deepEqual(twin.waits, []);
  ok(rising(told));
});

test("who pauses and goes on at once has lost nothing", async () => {
  const twin = new Twin();
  const { upload } = uploading(twin);
  upload.pause();
  upload.resume();
  equal((await upload.done).text, FILM);
});

test("the same file goes on where another program stopped, and never from 0", async () => {
  const [twin, store] = [new Twin(), new MemoryStore()];
  const first = uploading(twin, { parallel: 1, store }).upload;
  await new Promise((resolve) => (twin.held = (number) => number === 3 && (first.stop(), resolve())));
  await rejects(first.done, { name: "AbortError" });
  deepEqual([...store.kept.values()].map(({ id, name, sentBytes }) => [id, name, sentBytes]), [["upload-1", "film.mp4", 20]]);
  const { upload, told } = uploading(twin, { parallel: 1, store });
  equal((await upload.done).text, FILM);
  deepEqual(twin.sent, [1, 2, 3, 3, 4, 5]);
  equal(told[0].sentBytes, 20);
  equal(store.kept.size, 0);
});

test("what was sent whole is completed, though the answer was lost and the program ended", async () => {
  const [twin, store] = [new Twin(), new MemoryStore()];
  const { complete } = twin;
  const first = uploading(twin, { store }).upload;
  twin.complete = async (id) => {
    await complete(id);
    first.stop();
    throw new Refused("NETWORK");
  };
  await rejects(first.done, { name: "AbortError" });
  twin.complete = complete;
  equal((await uploading(twin, { store }).upload.done).text, FILM);
  deepEqual([twin.created.length, twin.sent.length], [1, 5]);
});

test("an upload that the service forgot is begun anew", async () => {
  const twin = new Twin();
  twin.failures = [["complete", new Refused("UPLOAD_NOT_FOUND")]];
  twin.fingerprint = undefined;
  const { upload } = uploading(twin);
  equal((await upload.done).text, FILM);
  equal(twin.created.length, 2);
});

test("parts that the storage lost are sent again", async () => {
  const twin = new Twin();
  const { complete } = twin;
  twin.complete = async (id) => {
    twin.complete = complete;
    twin.stored.delete(2);
    return complete(id);
  };
  equal((await uploading(twin, { parallel: 1 }).upload.done).text, FILM);
  deepEqual(twin.sent, [1, 2, 3, 4, 5, 2]);
});

test("who aborts leaves nothing behind, not even where the upload is just being begun", async () => {
  const [twin, store] = [new Twin(), new MemoryStore()];
  const { create } = twin;
  let upload;
  const aborted = new Promise((resolve, reject) => {
    twin.create = async (file) => {
      setImmediate(() => upload.abort().then(resolve, reject));
      await new Promise((done) => setTimeout(done, 20));
      return create(file);
    };
  });
  ({ upload } = uploading(twin, { store }));
  await rejects(upload.done, { name: "AbortError" });
  await aborted;
  deepEqual([twin.aborted, twin.sent, store.kept.size], ["upload-1", [], 0]);
});

test("a file that cannot be read any more is told from a line that broke", async () => {
  const twin = new Twin();
  const file = film();
  twin.put = async () => {
    file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) });
    throw new Refused("NETWORK");
  };
  await rejects(new Upload(twin, file, { put: twin.put, wait: twin.wait }).done, { code: "UNREADABLE" });
});

test("a store that fails stops no upload", async () => {
  const fails = async () => {
    throw new DOMException("", "QuotaExceededError");
  };
  equal((await uploading(new Twin(), { store: { get: fails, put: fails, delete: fails } }).upload.done).text, FILM);
});

/** A service that also takes a file in one request. */
class Whole extends Twin {
  keys = [];
  whole = async (file, { fileName }, key, onSent) => {
    this.keys.push(key);
    onSent(file.size / 2);
    this.fail("whole");
    return { id: fileName, text: await file.text() };
  };
}

test("where no way leads to the storage the file comes in one request, by the same key each time", async () => {
  const twin = new Whole();
  twin.failures = [["create", new Refused("STAGING_UNAVAILABLE")], ["whole", new Refused("NETWORK")]];
  const { upload, told } = uploading(twin);
  deepEqual(await upload.done, { id: "film.mp4", text: FILM });
  deepEqual([twin.asked, twin.sent], [["create", "whole", "whole"], []]);
  equal(new Set(twin.keys).size, 1);
  ok(rising(told));
  deepEqual([told.at(-1).phase, told.at(-1).sentBytes], ["completing", FILM.length]);
  twin.failures = [["create", new Refused("STAGING_UNAVAILABLE")]];
  await uploading(twin).upload.done;
  equal(new Set(twin.keys).size, 2);
});

test("where no part gets through nothing of it stays, and it comes in one request", async () => {
  const [twin, store] = [new Whole(), new MemoryStore()];
  twin.put = async () => {
    throw new Refused("NETWORK");
  };
  equal((await uploading(twin, { store }).upload.done).text, FILM);
  deepEqual([twin.aborted, store.kept.size], ["upload-1", 0]);
});

test("what is too large for one request is refused with why it would need one", async () => {
  const twin = new Whole();
  twin.failures = [
    ["create", new Refused("STAGING_UNAVAILABLE", { message: "No parts here." })],
    ["whole", new Refused("FILE_TOO_LARGE", { message: "8 MiB are allowed." })],
  ];
  await rejects(uploading(twin).upload.done, { code: "STAGING_UNAVAILABLE", message: "No parts here. 8 MiB are allowed." });
});
