import { deepEqual, equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFAULTS, type Kind } from "../src/work/options.ts";
import { asked, pictureCount, wrongs } from "../src/work/review/checked.ts";
import { clock } from "../src/work/review/clock.ts";
import { countOf } from "../src/work/review/count.ts";
import { bytesOf, paceOf, secondsOf, workOf } from "../src/work/review/estimate.ts";
import { type Film, shownAt } from "../src/work/review/film.ts";
import { readMp4 } from "../src/work/review/mp4.ts";
import * as reviews from "../src/work/review/review.ts";
import { file } from "./given.ts";

/** Ten seconds at ten pictures a second, of which each twentieth needs no other. */
const BEGINS = Float64Array.from({ length: 100 }, (_, number) => number / 10);
const FILM: Film = {
  duration: 10, width: 640, height: 360,
  pictures: { begins: BEGINS, end: 10, keys: [0, 20, 40, 60, 80] },
  detail: null,
};
const LIMITS = {
  acceptedExtensions: ["mp4"], maxInlineUploadBytes: 1, maxFileBytes: 1, stagedUploads: false, maxFramesPerVideo: 90,
  optionRanges: [
    { option: "framesPerSecond", minimum: 0.001, maximum: 240, wholeNumber: false },
    { option: "quality", minimum: 1, maximum: 100, wholeNumber: true },
    { option: "count", minimum: 1, maximum: 1000, wholeNumber: true },
  ],
};
const options = (kind: Kind, value: string, more = {}) => ({ ...DEFAULTS, kind, value, ...more });
const plain = (chosen: typeof DEFAULTS) => ({ chosen, marks: [], rule: null });
const one = () => reviews.begun([{ key: "a", file: file("a.mp4") }], DEFAULTS);
const several = () => reviews.begun(["a", "b", "c"].map((key) => ({ key, file: file(`${key}.mp4`) })), DEFAULTS);
const now = (review: reviews.Review) => reviews.markedOf(review, reviews.current(review));

test("the pictures are counted by the service's own rule", () => {
  const part = { startSeconds: "2", endSeconds: "4" };
  const cases: [Kind, string, object, number][] = [
    ["framesPerSecond", "1", {}, 10],
    ["framesPerSecond", "10", {}, 100],
    ["framesPerSecond", "29.97", {}, 300],
    ["everySeconds", "3", {}, 4],
    ["everySeconds", "0.1", { startSeconds: "0", endSeconds: "1.1" }, 11],
    ["everyNthFrame", "7", {}, 15],
    ["count", "20", {}, 20],
    ["count", "200", {}, 100],
    ["timestamps", "1 2.5 9.99 10 30", {}, 3],
    ["keyframesOnly", "", {}, 5],
    ["framesPerSecond", "1", part, 2],
    ["everyNthFrame", "1", part, 20],
    ["count", "50", part, 20],
    ["timestamps", "1 2.5 4", part, 1],
    ["keyframesOnly", "", part, 1],
  ];
  for (const [kind, value, more, files] of cases) {
    deepEqual(countOf(FILM, options(kind, value, more)), { files, how: "exactly" }, `${kind} ${value} ${JSON.stringify(more)}`);
  }
});

test("what cannot be known is not told, and what is not known exactly is told as that", () => {
  const seen = { ...FILM, pictures: null };
  deepEqual(countOf(seen, options("framesPerSecond", "1")), { files: 10, how: "about" });
  deepEqual(countOf(seen, options("keyframesOnly", "")), null);
  deepEqual(countOf(FILM, options("sceneChange", "0.3")), null);
  deepEqual([countOf(null, options("count", "20")), countOf(null, DEFAULTS)], [{ files: 20, how: "most" }, null]);
});

test("a picture counts as being there where it comes a quarter of its time later at most", () => {
  deepEqual([0, 0.07, 0.074, 0.076, 0.1, 9.99, 50].map((at) => shownAt(FILM.pictures!, at)), [0, 0, 0, 1, 1, 99, 99]);
});

test("instants alone take the rule's place, and give it back when the last one is gone", () => {
  const marked = reviews.marked(one(), [2.5, 1]);
  deepEqual([now(marked).chosen.kind, now(marked).chosen.value, reviews.marksOf(now(marked))], ["timestamps", "1 2.5", [1, 2.5]]);
  deepEqual(asked(now(marked), FILM).select, { timestamps: [1, 2.5] });
  const none = now(reviews.marked(marked, []));
  deepEqual([none.chosen, none.marks], [DEFAULTS, []]);
});

test("instants beside a part are taken with its pictures, in whichever order they were marked", () => {
  const partFirst = reviews.marked(reviews.parted(one(), { start: 2, stop: 4 }), [0.7, 5.2]);
  const instantsFirst = reviews.parted(reviews.marked(one(), [0.7, 5.2]), { start: 2, stop: 4 });
  for (const review of [partFirst, instantsFirst]) {
    const { select, startSeconds, endSeconds } = asked(now(review), FILM);
    deepEqual([select, startSeconds, endSeconds], [{ timestamps: [0.7, 2, 3, 5.2] }, null, null]);
    deepEqual(pictureCount(now(review), FILM), { files: 4, how: "exactly" });
    deepEqual(reviews.usual(review), DEFAULTS);
  }
});

test("what is marked in one of several films is that one's own, and the others keep what holds for all", () => {
  const marked = reviews.parted(reviews.lookedAt(several(), "b"), { start: 1 });
  deepEqual(marked.items.map(({ own }) => own?.chosen.startSeconds), [undefined, "1", undefined]);
  const all = reviews.chose(reviews.lookedAt(marked, "a"), options("count", "7"));
  deepEqual(all.items.map((item) => reviews.markedOf(all, item).chosen.kind), ["count", "framesPerSecond", "count"]);
  equal(reviews.owned(reviews.lookedAt(all, "b"), false).items[1]!.own, null);
});

test("a file that is left out goes, the next one is looked at, and the last one ends the review", () => {
  const rest = reviews.without(reviews.lookedAt(several(), "c"), "c")!;
  deepEqual([rest.items.map(({ key }) => key), rest.at], [["a", "b"], "b"]);
  equal(reviews.without(one(), "a"), null);
});

test("what is wrong is told by its field", () => {
  const found = (chosen: typeof DEFAULTS, film: Film | null = FILM) => wrongs(plain(chosen), film, LIMITS);
  deepEqual(found(DEFAULTS), {});
  deepEqual(found(options("framesPerSecond", "1000")), { value: { why: "range", minimum: 0.001, maximum: 240 } });
  deepEqual(found(options("count", "2.5", { quality: "" })), { value: { why: "whole" }, quality: { why: "missing" } });
  deepEqual(found(options("timestamps", "2 1")), { value: { why: "instants" } });
  deepEqual(found({ ...DEFAULTS, startSeconds: "5", endSeconds: "5" }), { endSeconds: { why: "order" } });
  deepEqual(found({ ...DEFAULTS, startSeconds: "11" }), { startSeconds: { why: "beyond" } });
  deepEqual(found({ ...DEFAULTS, startSeconds: "11" }, null), {});
  deepEqual(found(options("framesPerSecond", "10")), { value: { why: "tooMany", found: 100, most: 90 } });
  deepEqual(wrongs({ ...plain(options("sceneChange", "0.3")), marks: [1] }, FILM, LIMITS), { value: { why: "sceneAndInstants" } });
});

test("an estimate grows with what it is of", () => {
  const large = { ...FILM, width: 1280, height: 720 };
  equal(bytesOf(large, DEFAULTS, 10) > 3 * bytesOf(FILM, DEFAULTS, 10), true);
  equal(bytesOf(large, { ...DEFAULTS, maxWidth: "640" }, 10) < bytesOf(large, DEFAULTS, 10), true);
  equal(bytesOf({ ...FILM, detail: 0.8 }, DEFAULTS, 10) < bytesOf(FILM, DEFAULTS, 10), true);
  const sizes = ["1", "50", "90", "100"].map((quality) => bytesOf(FILM, { ...DEFAULTS, quality }, 10));
  deepEqual(sizes, [...sizes].sort((a, b) => a - b));
  equal(workOf(large, DEFAULTS, 10) > workOf(FILM, DEFAULTS, 10), true);
  equal(secondsOf(1000, 2, { uplink: 100, pace: 3 }), 16);
  deepEqual([paceOf([]), paceOf([{ actual: 6, estimated: 2 }]), paceOf([{ actual: 6000, estimated: 2 }])], [1, 3, 20]);
});

test("the index of a film is read without its content, and of what is none nothing is", async () => {
  const film = (await readMp4(new Blob([readFileSync("src/sample.mp4")])))!;
  deepEqual([film.width, film.height, film.duration, film.pictures!.begins.length], [480, 270, 9, 225]);
  deepEqual([film.pictures!.begins[1], film.pictures!.keys[0]], [0.04, 0]);
  for (const none of [new Blob(), new Blob(["no film at all, but long enough"]), new Blob([readFileSync("src/sample.mp4").subarray(0, 1500)])]) {
    equal(await readMp4(none), null);
  }
});

test("an instant is written as editors write it", () => {
  deepEqual([0, 7.25, 61, 3723.0004].map(clock), ["0:00.000", "0:07.250", "1:01.000", "1:02:03.000"]);
});
