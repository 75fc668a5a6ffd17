import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { base64, fingerprintOf } from "../dist/file.js";
import { retryAfter } from "../dist/refused.js";

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-11-29T12:00:00Z");
  const headers = ["120", "Sun, 29 Nov 2026 12:00:30 GMT", "Sun, 29 Nov 2026 11:00:00 GMT", "soon", "", null];
  deepEqual(headers.map((header) => retryAfter(header, now)), [120, 30, 0, null, null, null]);
});

test("a file is told apart by its name, size, time and beginning", () => {
  const head = Uint8Array.of(1, 2, 3);
  const one = fingerprintOf("a.mp4", 3, 7, head);
  equal(one, fingerprintOf("a.mp4", 3, 7, Uint8Array.of(1, 2, 3)));
  equal(one, fingerprintOf("a.mp4", 3, 7.9, head));
  for (const other of [["b.mp4", 3, 7, head], ["a.mp4", 4, 7, head], ["a.mp4", 3, 8, head], ["a.mp4", 3, 7, Uint8Array.of(1, 2, 4)]]) {
    notEqual(one, fingerprintOf(...other));
  }
});

test("bytes become base64, also many", () => {
  const bytes = Uint8Array.from({ length: 65_536 }, (_, index) => index % 251);
  equal(base64(bytes), Buffer.from(bytes).toString("base64"));
});
