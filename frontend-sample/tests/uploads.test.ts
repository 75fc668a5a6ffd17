import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "../src/state/list.ts";
import { afterTry, FIRST_TRY } from "../src/state/tries.ts";
import * as uploads from "../src/state/uploads.ts";
import { announced } from "../src/state/announcements.ts";
import * as videos from "../src/state/videos.ts";
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
  const refused = { key: "a", file: file("a.txt"), options: {}, problem: { code: "UNSUPPORTED_FILE_FORMAT" } } as const;
  const list = uploads.added(EMPTY, [refused], 0);
  equal(entry(list, "a").upload!.phase, "refused");
  equal(uploads.next(list), undefined);
});

test("the bar of a file that is sent again does not fall", () => {
  const sending = uploads.moved(uploading(EMPTY, "a"), "a", { phase: "sending", sent: 7, rate: 0 });
  const again = uploads.moved(sending, "a", { phase: "again", sent: 0, rate: 0 });
  const { phase, sent, furthest } = entry(again, "a").upload!;
  deepEqual([phase, sent, furthest], ["again", 0, 7]);
});

test("what goes in parts is counted on where it was", () => {
  const sending = { phase: "sending", rate: 0, isPausable: true } as const;
  const list = uploads.moved(uploads.moved(uploading(EMPTY, "a"), "a", { ...sending, sent: 7 }), "a", { ...sending, sent: 6 });
  deepEqual([entry(list, "a").upload!.sent, entry(list, "a").upload!.furthest], [7, 7]);
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

const LEFT = {
  key: "l", file: { name: "l.mp4", size: 10 }, left: { id: "v", fingerprint: "l.mp4:10:7:cafe" }, sent: 6, options: { quality: 50 },
};

test("what a former page left stands on top as far as it came, is not announced, and waits for its file", () => {
  const list = uploads.found(listOf(video("a")), [LEFT], 0);
  deepEqual(keys(list), ["l", "a"]);
  const { phase, furthest } = entry(list, "l").upload!;
  deepEqual([phase, furthest, uploads.next(list), announced(listOf(video("a")), list)], ["left", 6, undefined, []]);
  equal(uploads.found(list, [{ ...LEFT, key: "m" }], 0), list);
});

test("its file chosen again goes on with its options, and another file does not", () => {
  const list = uploads.found(EMPTY, [LEFT], 0);
  const chosen = (lastModified: number, name = "l.mp4") => new File([new Uint8Array(10)], name, { lastModified });
  deepEqual([chosen(7), chosen(8), chosen(7, "k.mp4")].map((one) => uploads.leftWith(list, one)), ["l", undefined, undefined]);
  const again = uploads.chosenAgain(list, "l", chosen(7));
  const { phase, options, furthest } = entry(again, "l").upload!;
  deepEqual([phase, options, furthest, uploads.next(again)], ["waiting", LEFT.options, 6, "l"]);
  equal(uploads.leftWith(again, chosen(7)), undefined);
});

test("what another page went on with is one line, the video's", () => {
  const list = uploads.found(EMPTY, [LEFT], 0);
  deepEqual(keys(videos.told(list, [video("v")], list.era)), ["v"]);
  equal(uploads.found(listOf(video("v")), [LEFT], 0).entries.length, 1);
});

test("a paused upload makes room for the next one", () => {
  let list = ["a", "b", "c"].reduce(uploads.begun, uploading(EMPTY, "a", "b", "c", "d"));
  equal(uploads.next(list), undefined);
  list = uploads.moved(list, "b", { phase: "paused", sent: 3, rate: 0 });
  deepEqual([uploads.next(list), uploads.isUploading(list)], ["d", true]);
});

test("why an upload waits is said until it goes on", () => {
  const problem = { code: "SERVICE_BUSY" } as const;
  const waits = uploads.moved(uploading(EMPTY, "a"), "a", { phase: "again", sent: 3, rate: 0, problem });
  deepEqual(entry(waits, "a").upload!.problem, problem);
  equal(entry(uploads.moved(waits, "a", { phase: "sending", sent: 3, rate: 0 }), "a").upload!.problem, null);
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
