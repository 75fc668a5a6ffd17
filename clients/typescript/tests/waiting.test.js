import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { Line } from "../dist/line.js";
import { Refused, Tries } from "../dist/refused.js";
import { events } from "../dist/video.js";

const network = new Refused("NETWORK");

async function eventsOf(...pieces) {
  const read = [];
  for await (const data of events(pieces)) read.push(data);
  return read;
}

test("events are read however they are cut, with all that stands between them", async () => {
  const text = 'event: next\ndata: {"name": "férias"}\n\n: a sign of life\n\nevent: next\r\ndata:{"name": 2}\r\n\r\nevent: complete\ndata: \n\n';
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at <= bytes.length; at++) {
    deepEqual(await eventsOf(bytes.subarray(0, at), bytes.subarray(at)), ['{"name": "férias"}', '{"name": 2}']);
  }
});

test("what may pass is waited for thirty times in a row, longer each time, and all else is thrown", () => {
  const tries = new Tries(["RANGE_NOT_SATISFIABLE"]);
  const pauses = Array.from({ length: 30 }, () => tries.pauseAfter(network));
  ok(pauses[0] <= 1000 && pauses[29] >= 5000 && pauses.every((pause) => pause <= 10_000));
  throws(() => tries.pauseAfter(network), network);
  tries.failures = 0;
  ok(tries.pauseAfter(new Refused("RANGE_NOT_SATISFIABLE")) > 0);
  for (const error of [new Refused("VIDEO_NOT_FOUND"), new TypeError()]) throws(() => tries.pauseAfter(error), error);
});

test("nobody is kept waiting for more than an hour, whatever an answer asks for", () => {
  equal(new Tries().pauseAfter(new Refused("SERVICE_BUSY", { retryAfterSeconds: 60 })), 60_000);
  equal(new Tries().pauseAfter(new Refused("SERVICE_BUSY", { retryAfterSeconds: 1e12 })), 3_600_000);
});

test("a line on which nothing more is heard ends, and so does one that its user ends", { timeout: 5000 }, async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const stop = new AbortController();
  const [silent, stopped] = [new Line(stop.signal), new Line(stop.signal)];
  const cut = (line) => new Response(new ReadableStream({ start: (body) => line.signal.addEventListener("abort", () => body.error(line.signal.reason)) }));
  const [first, second] = [silent.pieces(cut(silent)).next(), stopped.pieces(cut(stopped)).next()].map((read) => read.catch((error) => error));
  stopped.end(new DOMException("", "AbortError"));
  equal((await second).name, "AbortError");
  mock.timers.tick(44_000);
  ok(!silent.signal.aborted);
  mock.timers.tick(2000);
  equal((await first).code, "NETWORK");
  equal(new Line(stop.signal).signal.aborted, false);
});
