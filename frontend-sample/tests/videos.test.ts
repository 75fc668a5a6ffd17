import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "../src/state/list.ts";
import { taken } from "../src/state/uploads.ts";
import * as videos from "../src/state/videos.ts";
import { completed, entry, keys, listOf, processing, uploading, video } from "./given.ts";

test("the youngest video stands on top, in whatever order they are told", () => {
  deepEqual(keys(listOf(video("b", { after: 2 }), video("a", { after: 1 }), video("c", { after: 3 }))), ["c", "b", "a"]);
});

test("what is older than what is known changes nothing", () => {
  const list = listOf(processing("a", 3, 50));
  equal(videos.told(list, [video("a", { version: 2 })], list.era), list);
});

test("a bar waits where another attempt begins anew", () => {
  const list = listOf(processing("a", 1, 60));
  const again = videos.told(list, [processing("a", 2, 5)], list.era);
  equal(entry(again, "a").video!.progress.percent, 60);
  equal(entry(videos.told(again, [processing("a", 3, 61)], list.era), "a").video!.progress.percent, 61);
});

test("a new state takes the old sentence away, and progress leaves it", () => {
  const list = videos.failed(listOf(processing("a", 1, 1)), "a", { code: "NETWORK" });
  deepEqual(entry(videos.told(list, [processing("a", 2, 2)], list.era), "a").problem, { code: "NETWORK" });
  equal(entry(videos.told(list, [completed("a")], list.era), "a").problem, null);
});

test("what is gone does not come back with an answer that was under way", () => {
  const list = videos.deleted(listOf(video("a"), video("b")), "a");
  deepEqual(keys(list), ["b"]);
  deepEqual(keys(videos.pageRead(list, [video("a")], false)), ["b"]);
});

test("an answer that was asked for by somebody else changes nothing", () => {
  const list = videos.forgotten(listOf(video("a")));
  deepEqual(keys(list), []);
  equal(videos.told(list, [video("a")], list.era - 1), list);
  equal(videos.removalAnswered(list, "a", { code: "NETWORK" }, list.era - 1), list);
});

test("a page that is read ends the first reading, and one that fails says why", () => {
  equal(EMPTY.reading, "first");
  equal(videos.pageRead(EMPTY, [video("a")], true).hasOlder, true);
  equal(videos.pageRead(EMPTY, [video("a")], true).reading, "idle");
  deepEqual(videos.readingFailed(EMPTY, { code: "NETWORK" }).reading, { code: "NETWORK" });
});

test("reading the list again drops what was deleted meanwhile, and nothing else", () => {
  const [a, b, c] = [video("a", { after: 1 }), video("b", { after: 2 }), video("c", { after: 3 })];
  const list = videos.pageRead(listOf(a, b, c), [c], false);
  // c is there, b was not found, and a came while the list was read.
  deepEqual(keys(videos.reread(list, new Set(["b", "c"]), [c], null)), ["c", "a"]);
});

test("of what is older than all that was read again nothing is known, while there are older ones", () => {
  const [old, young] = [video("old", { after: 1 }), video("young", { after: 2 })];
  const list = { ...listOf(old, young), loaded: 50 };
  const before = new Set(["old", "young"]);
  const [more, all] = [true, false].map((hasOlder) => videos.reread({ ...list, hasOlder }, before, [young], "here"));
  deepEqual([keys(more!), more!.loaded, more!.cursor], [["young", "old"], 50, "here"]);
  deepEqual([keys(all!), all!.loaded], [["young"], 1]);
});

test("whether a video is older goes by the service's clock, and not by the place that the page's gave its line", () => {
  const [old, young] = [video("old", { after: 1 }), video("young", { after: 2 })];
  const list = { ...taken(uploading(listOf(young), "key"), "key", old), loaded: 50, hasOlder: true };
  deepEqual(keys(list), ["key", "young"]);
  deepEqual(keys(videos.reread(list, new Set(["old", "young"]), [young], "here")), ["key", "young"]);
});

test("reading on counts what was read, and remembers where", () => {
  const list = videos.olderRead(videos.olderRead(EMPTY, 50, "here"), 20, "there");
  deepEqual([list.loaded, list.cursor], [70, "there"]);
});

test("that a video could not be stopped is of no interest once it has ended", () => {
  const problem = { code: "NETWORK" } as const;
  deepEqual(entry(videos.cancelFailed(listOf(video("a")), "a", problem), "a").problem, problem);
  equal(entry(videos.cancelFailed(listOf(completed("a")), "a", problem), "a").problem, null);
});

test("a deletion is undone until it is sent", () => {
  const removed = videos.removed(videos.failed(listOf(video("a")), "a", { code: "NETWORK" }), "a");
  deepEqual([entry(removed, "a").removed, entry(removed, "a").problem], ["undoable", null]);
  const restored = entry(videos.restored(removed, "a"), "a");
  deepEqual([restored.removed, restored.restored], [null, true]);
  equal(entry(videos.restored(videos.removalSent(removed, "a"), "a"), "a").removed, "sent");
});

test("a deletion that fails brings the line back with its reason, and one of what is gone does not", () => {
  const sent = videos.removalSent(videos.removed(listOf(video("a")), "a"), "a");
  const failed = entry(videos.removalAnswered(sent, "a", { code: "NETWORK" }, sent.era), "a");
  deepEqual([failed.removed, failed.restored, failed.problem], [null, false, { code: "NETWORK" }]);
  for (const problem of [null, { code: "VIDEO_NOT_FOUND" } as const]) {
    deepEqual(keys(videos.removalAnswered(sent, "a", problem, sent.era)), []);
  }
});

test("the next user's list has nothing of this one's", () => {
  const list = uploading(videos.pageRead(listOf(video("a")), [], true), "u");
  deepEqual(videos.forgotten(list), { ...EMPTY, arrivals: 2, era: 1 });
});
