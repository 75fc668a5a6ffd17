import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "../src/state/list.ts";
import { afterTry, FIRST_TRY } from "../src/state/tries.ts";
import * as uploads from "../src/state/uploads.ts";
import { completed, entry, file, keys, listOf, uploading, video } from "./given.ts";

test("uploads stand on top in the order of their files, however the clocks differ", () => {
  const list = uploading(listOf(video("ahead", { after: 1e6 })), "a", "b");
  deepEqual(keys(list), ["a", "b", "ahead"]);
  deepEqual(keys(uploading(list, "c")), ["c", "a", "b", "ahead"]);
});

test("three are sent at once, and the next one when one of them is over", () => {
  let list = uploading(EMPTY, "a", "b", "c", "d");
  for (const key of ["a", "b", "c"]) {
    equal(uploads.next(list), key);
    list = uploads.begun(list, key);
  }
  equal(uploads.next(list), undefined);
  equal(uploads.next(uploads.over(list, "b")), "d");
});

test("there is an upload under way until the last one is over", () => {
  const begun = uploads.begun(uploading(EMPTY, "a"), "a");
  deepEqual([EMPTY, uploading(EMPTY, "a"), begun, uploads.over(begun, "a")].map(uploads.isUploading), [false, true, true, false]);
});

test("a file that need not be sent is not put in line", () => {
  const refused = { key: "a", file: file("a.txt"), problem: { code: "UNSUPPORTED_FILE_FORMAT" } } as const;
  const list = uploads.added(EMPTY, [refused], {}, 0);
  equal(entry(list, "a").upload!.phase, "refused");
  equal(uploads.next(list), undefined);
});

test("the bar of a file that is sent again does not fall", () => {
  const sending = uploads.moved(uploading(EMPTY, "a"), "a", { phase: "sending", sent: 7, rate: 0 });
  const again = uploads.moved(sending, "a", { phase: "again", sent: 0, rate: 0 });
  const { phase, sent, furthest } = entry(again, "a").upload!;
  deepEqual([phase, sent, furthest], ["again", 0, 7]);
});

test("an upload that became a video is one line, also where the word of the video came first", () => {
  const list = uploading(EMPTY, "u");
  equal(entry(uploads.taken(list, "u", video("a")), "u").video!.id, "a");
  const both = { ...list, entries: [...list.entries, ...listOf(completed("a")).entries] };
  const taken = uploads.taken(both, "u", video("a"));
  deepEqual(keys(taken), ["u"]);
  equal(entry(taken, "u").video!.status, "COMPLETED");
});

test("what failed waits at the end of the line when it is tried again", () => {
  const failed = uploads.failed(uploads.begun(uploading(EMPTY, "a", "b"), "a"), "a", { code: "QUOTA_EXCEEDED" });
  equal(entry(failed, "a").upload!.phase, "failed");
  const again = uploads.retried(uploads.over(failed, "a"), "a");
  deepEqual([entry(again, "a").upload!.phase, entry(again, "a").upload!.problem, again.queue], ["waiting", null, ["b", "a"]]);
});

test("what stays as it is however often it is sent is refused, and not to be tried again", () => {
  equal(entry(uploads.failed(uploading(EMPTY, "a"), "a", { code: "UNREADABLE" }), "a").upload!.phase, "refused");
});

test("an upload that is dismissed leaves the list and the line", () => {
  const list = uploads.dismissed(uploading(EMPTY, "a", "b"), "a");
  deepEqual([keys(list), list.queue], [["b"], ["b"]]);
});

test("what passes by itself is tried again, each time after a longer wait up to five seconds", () => {
  let tries = FIRST_TRY;
  const waits = [0, 1, 2, 3, 4].map(() => {
    const next = afterTry(tries, { code: "STORAGE_ERROR" }, null, 10);
    if ("problem" in next) throw new Error(next.problem.code);
    tries = next.tries;
    return next.wait;
  });
  deepEqual(waits, [1000, 2000, 4000, 5000, 5000]);
});

test("whoever asks too often waits as long as they are told", () => {
  deepEqual(afterTry(FIRST_TRY, { code: "RATE_LIMITED", retryAfterSeconds: 60 }, null, 10), {
    tries: { ...FIRST_TRY, count: 1 },
    wait: 60_000,
  });
});

test("what does not pass is not tried again, nor is anything after thirty tries", () => {
  deepEqual(afterTry(FIRST_TRY, { code: "QUOTA_EXCEEDED" }, 10, 10), { problem: { code: "QUOTA_EXCEEDED" } });
  deepEqual(afterTry({ ...FIRST_TRY, count: 30 }, { code: "NETWORK" }, 10, 10), { problem: { code: "NETWORK" } });
});

test("a large file that was cut twice at the same place is given up; elsewhere, or a small one, it goes on", () => {
  const [size, cutAt] = [2_000_000, 1_000_000];
  const tries = { count: 1, begun: true, cutAt };
  const after = (sent: number | null, bytes = size) => afterTry(tries, { code: "NETWORK" }, sent, bytes);
  deepEqual(after(cutAt + 1), { problem: { code: "CUT_TWICE" } });
  deepEqual(after(cutAt / 2), { tries: { count: 2, begun: true, cutAt: cutAt / 2 }, wait: 2000 });
  deepEqual(after(null), { tries: { count: 2, begun: true, cutAt }, wait: 2000 });
  equal("tries" in after(cutAt, 10), true);
});
