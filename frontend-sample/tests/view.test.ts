import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Video } from "../src/api/video.ts";
import { choiceOf, choose, toggled } from "../src/state/choice.ts";
import { EMPTY, type List } from "../src/state/list.ts";
import * as videos from "../src/state/videos.ts";
import { ALL, askedOf, folded, queryOf, type View, viewIn } from "../src/state/view.ts";
import { linesOf, shown } from "../src/state/views.ts";
import { completed, entry, keys, listOf, processing, uploading, video } from "./given.ts";

const looking = (list: List, by: Partial<View>): List => videos.viewed(list, { ...ALL, ...by });
const seen = (list: List): string[] => keys({ entries: shown(list) });
const long = (seconds: number) => ({ media: { durationSeconds: seconds } });

test("what is asked for stands in the address, and is read from it again", () => {
  const view: View = { search: "são joão", statuses: ["PROCESSING", "FAILED"], sort: "name", from: "2026-11-01", to: "2026-11-30" };
  equal(queryOf(view), "?q=s%C3%A3o+jo%C3%A3o&status=processing,failed&sort=name&from=2026-11-01&to=2026-11-30");
  deepEqual(viewIn(queryOf(view)), view);
  deepEqual([queryOf(ALL), viewIn("")], ["", ALL]);
});

test("what makes no sense in an address is left out", () => {
  deepEqual(viewIn("?status=done,,&sort=constructor&from=yesterday&to=2026-13-45&page=2"), ALL);
  equal(viewIn(`?q=${"a".repeat(1000)}`).search.length, 255);
});

test("a day is asked for from its first moment to its last, where the page is read", () => {
  const { createdFrom, createdTo } = askedOf({ ...ALL, from: "2026-12-31", to: "2026-12-31" });
  deepEqual([createdFrom, createdTo], [new Date(2026, 11, 31), new Date(2027, 0, 1)].map((day) => day.toISOString()));
});

test("names are folded as the service folds them", () => {
  // The same as in tests/domain/test_search.py.
  const names = ["Ção  Ñandú.MP4", "Straße ﬁlm", "İstanbul ısı", "ΟΔΟΣ.mov", "ガラス", "한국어"];
  deepEqual(names.map(folded), ["cao nandu.mp4", "strasse film", "istanbul isi", "οδοσ.mov", "ガラス", "한국어"]);
});

test("words are found anywhere in a name, all of them, whatever their case and accents", () => {
  const list = listOf(video("a", { originalFileName: "Praia de São Paulo.mp4" }), video("b", { originalFileName: "Paulo.mp4" }));
  deepEqual(seen(looking(list, { search: "PAULO sao" })), ["a"]);
  deepEqual(seen(looking(list, { search: "  " })).length, 2);
});

test("a video that no longer fits goes, and one that fits now comes", () => {
  const list = looking(listOf(processing("a", 1, 10), video("b")), { statuses: ["PROCESSING"] });
  deepEqual(seen(list), ["a"]);
  const ended = videos.told(list, [completed("a"), processing("b", 2, 1)], list.era);
  deepEqual(seen(ended), ["b"]);
  deepEqual(seen(videos.told(ended, [processing("c", 1, 1)], list.era)).sort(), ["b", "c"]);
});

test("what is being sent stands above, whatever is asked for", () => {
  const list = looking(uploading(listOf(completed("a")), "u"), { statuses: ["FAILED"], search: "x", sort: "name" });
  deepEqual(seen(list), ["u"]);
});

test("each order is that of the service", () => {
  const given: [string, number, number, string, number | null][] =
    [["a", 1, 30, "b.mp4", 9], ["b", 2, 10, "Ä.mp4", null], ["c", 3, 20, "c.mp4", 60], ["d", 3, 20, "c.mp4", 60]];
  const list = listOf(...given.map(([id, after, sizeBytes, originalFileName, seconds]): Video =>
    video(id, { after, sizeBytes, originalFileName, ...(seconds === null ? {} : long(seconds)) })));
  const orders = { oldest: "abcd", name: "bacd", largest: "adcb", longest: "dcab" } as const;
  for (const [sort, order] of Object.entries(orders)) equal(seen(looking(list, { sort: sort as View["sort"] })).join(""), order, sort);
});

test("in another order than the newest first nothing stands where others may lie in front of it", () => {
  const all = ["a", "b", "c", "d"].map((id, after) => video(id, { after }));
  const list = looking(listOf(all[3]!), { sort: "oldest" });
  const read = videos.pageRead(list, all.slice(0, 2), true);
  deepEqual(seen(read), ["a", "b"]);
  deepEqual(seen(videos.pageRead(read, all.slice(2), false)), ["a", "b", "c", "d"]);
});

test("what a narrowed list does not have any more may come back: it went on to another state", () => {
  const list = looking(listOf(processing("a", 1, 10)), { statuses: ["PROCESSING"] });
  const again = videos.reread(list, new Set(["a"]), [], null);
  deepEqual(seen(again), []);
  deepEqual(keys(videos.told(again, [completed("a")], again.era)), ["a"]);
});

test("a list that is read again keeps what was not asked for", () => {
  const list = looking(listOf(completed("a"), processing("b", 1, 1)), { statuses: ["PROCESSING"] });
  deepEqual(keys(videos.reread(list, new Set(["a", "b"]), [], null)), ["a"]);
});

test("runs of one file are one line, until all of them are asked for", () => {
  const list = listOf(video("a", { fileId: "f" }), video("b", { after: 1 }), video("c", { fileId: "f", after: 2 }));
  const lines = (one: List) => linesOf(shown(one), one.opened).map(({ key, others, isRun }) => [key, others, isRun]);
  deepEqual(lines(list), [["c", 1, false], ["b", 0, false]]);
  const opened = videos.runsToggled(list, "f");
  deepEqual(lines(opened), [["c", 1, false], ["a", 0, true], ["b", 0, false]]);
  deepEqual(lines(videos.runsToggled(opened, "f")), lines(list));
});

test("lines are chosen one by one, in ranges, and as far as they are shown", () => {
  const list = listOf(...["a", "b", "c", "d"].map((id, after) => video(id, { after })));
  const order = ["d", "c", "b", "a"];
  const first = toggled(list, "d", order, false);
  const range = toggled(first, "b", order, true);
  deepEqual([...range.chosen].sort(), ["b", "c", "d"]);
  deepEqual([...toggled(range, "c", order, false).chosen].sort(), ["b", "d"]);
  deepEqual(keys(choiceOf(choose(list, ["a", "x"]), shown(list))), ["a"]);
  equal(looking(range, { sort: "name" }).chosen.size, 0);
});

test("of what is chosen each is done with what it can be done with", () => {
  const ready = { ...completed("a"), result: { frameCount: 1, sizeBytes: 1, contactSheetUrl: null, storyboard: null } };
  const list = choose(listOf(ready, completed("b"), processing("c", 1, 1)), ["a", "b", "c"]);
  const choice = choiceOf(list, shown(list));
  deepEqual([choice.entries.length, keys({ entries: choice.ready }), keys({ entries: choice.unfinished })], [3, ["a"], ["c"]]);
});

test("what was deleted together is gone from sight, and comes back together or by what was refused", () => {
  const list = videos.removedTogether(choose(listOf(video("a"), video("b")), ["a", "b"]), ["a", "b"]);
  deepEqual([seen(list), list.together, list.chosen.size], [[], ["a", "b"], 0]);
  deepEqual(seen(videos.restoredTogether(list)).sort(), ["a", "b"]);
  const sent = videos.sentTogether(list);
  deepEqual([seen(sent), seen(videos.restoredTogether(sent))], [[], []]);
  const answered = videos.removalAnswered(videos.removalAnswered(sent, "a", null, 0), "b", { code: "STORAGE_ERROR" }, 0);
  deepEqual([keys(answered), seen(answered), entry(answered, "b").problem], [["b"], ["b"], { code: "STORAGE_ERROR" }]);
});

test("what is asked for outlives the user who asked", () => {
  equal(videos.forgotten(looking(EMPTY, { search: "a" })).view.search, "a");
});
