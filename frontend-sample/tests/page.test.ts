import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { announced } from "../src/state/announcements.ts";
import { EMPTY } from "../src/state/list.ts";
import { connected, disconnected, initial, spoken } from "../src/state/page.ts";
import * as sessions from "../src/state/session.ts";
import { createStore } from "../src/state/store.ts";
import * as uploads from "../src/state/uploads.ts";
import * as videos from "../src/state/videos.ts";
import { failedUploads, shown, underWay } from "../src/state/views.ts";
import { wordsIn } from "../src/texts/load.ts";
import { completed, file, grant, keys, listOf, processing, uploading, video } from "./given.ts";

const NOBODY = sessions.sessionOf(null);
const NOW = Date.parse("2026-11-23T12:00:00Z");
const ANA = sessions.granted(NOBODY, grant(), NOW);

test("a change makes another state, which shares what stayed the same", async () => {
  const { state, part } = createStore(initial({ session: NOBODY, words: await wordsIn("en"), place: "/", notifications: "default", theme: "system", shortcuts: true }));
  const before = state.value;
  part("connection").change(connected);
  part("said").change(spoken, "Hello.");
  deepEqual([before, state.value].map(({ connection }) => connection), [{ state: "connecting", count: 0 }, { state: "live", count: 1 }]);
  equal(state.value.said.text, "Hello.");
  equal(state.value.list, before.list);
  deepEqual(disconnected(part("connection").now()), { state: "reconnecting", count: 1 });
});

test("the same words again are something new", () => {
  const once = spoken({ text: "", number: 0 }, "Hello.");
  deepEqual(spoken(once, "Hello."), { text: "Hello.", number: 2 });
});

test("a token is used until half a minute before its end, and of a clock that is ahead for half a minute", () => {
  const end = Date.parse(grant().expiresAt);
  deepEqual([NOW, end - 30_001, end - 30_000].map((now) => sessions.goodToken(ANA, now)), ["token", "token", null]);
  const ahead = sessions.granted(NOBODY, grant(), end + 1);
  deepEqual([end + 1, end + 30_001].map((now) => sessions.goodToken(ahead, now)), ["token", null]);
});

test("a token is needed by who is signed in and has none that is good", () => {
  const end = Date.parse(grant().expiresAt);
  equal(sessions.needsToken(ANA, NOW), false);
  equal(sessions.needsToken(ANA, end), true);
  equal(sessions.needsToken(sessions.refused(ANA, "token"), NOW), true);
  equal(sessions.needsToken(sessions.refused(ANA, "a former one"), NOW), false);
  equal(sessions.needsToken(sessions.expired(ANA), end), false);
  equal(sessions.needsToken(NOBODY, end), false);
});

test("a session that is over keeps its user; where nobody is signed in, none is over", () => {
  deepEqual(sessions.expired(ANA), { ...ANA, isExpired: true, token: null });
  equal(sessions.expired(NOBODY).isExpired, false);
});

test("what another tab does with the session holds here too", () => {
  const { user } = grant();
  const other = { ...user, id: "bob" };
  deepEqual(sessions.keptElsewhere(ANA, { user, refreshToken: "" }), sessions.expired(ANA));
  equal(sessions.keptElsewhere(sessions.expired(ANA), { user, refreshToken: "new" }).isExpired, false);
  deepEqual(sessions.keptElsewhere(ANA, { user: other, refreshToken: "his" }), { ...NOBODY, user: other });
  deepEqual(sessions.keptElsewhere(ANA, null), NOBODY);
  deepEqual(sessions.keptElsewhere(NOBODY, { user, refreshToken: "" }), NOBODY);
});

test("an address that was confirmed is the user's own or changes nothing", () => {
  equal(sessions.verified(ANA, "ana@example.com").user!.emailVerified, true);
  equal(sessions.verified(ANA, "bob@example.com"), ANA);
});

test("until an upload is answered for, its video has no line of its own", () => {
  const list = uploads.begun(uploading(EMPTY, "u"), "u");
  const told = videos.told(list, [video("a", { originalFileName: "u.mp4" }), video("b")], list.era);
  deepEqual(keys(told), ["u", "a", "b"]);
  deepEqual([told, uploads.over(told, "u")].map((one) => keys({ entries: shown(one) })), [["u", "b"], ["u", "a", "b"]]);
});

test("a video of the same name that was there before an upload keeps its line", () => {
  const list = uploading(listOf(video("a", { originalFileName: "u.mp4" })), "u");
  deepEqual(keys({ entries: shown(uploads.begun(list, "u")) }), ["u", "a"]);
});

test("what is under way is shown as one number: an upload is the first half of its way", () => {
  equal(underWay(listOf(completed("c"))), null);
  const list = uploads.moved(uploading(listOf(completed("c"), processing("a", 1, 50)), "u"), "u", { phase: "sending", sent: 5, rate: 0 });
  deepEqual(underWay(list), { active: 2, percent: 50 });
  deepEqual(underWay(videos.removed(list, "a")), { active: 1, percent: 25 });
});

test("uploads that may be tried again are those that failed, not those that stay refused", () => {
  const list = uploads.failed(uploading(EMPTY, "a", "b"), "a", { code: "QUOTA_EXCEEDED" });
  deepEqual(failedUploads(uploads.failed(list, "b", { code: "UNREADABLE" })).map(({ key }) => key), ["a"]);
});

test("files are announced together, and each one that need not be sent with its reason", () => {
  const problem = { code: "FILE_TOO_LARGE" } as const;
  const files = [null, problem].map((found, index) => ({ key: `${index}`, file: file(`${index}.mp4`), options: {}, problem: found }));
  const expected = [{ kind: "added", count: 2 }, { kind: "failed", name: "1.mp4", problem }];
  deepEqual(announced(EMPTY, uploads.added(EMPTY, files, 0)), expected);
});

test("a video is announced when it ends, once, and not when it is read for the first time", () => {
  const list = listOf(processing("a", 1, 1));
  const ended = videos.told(list, [completed("a")], list.era);
  deepEqual(announced(EMPTY, ended), []);
  deepEqual(announced(list, ended), [{ kind: "ended", video: completed("a") }]);
  deepEqual(announced(ended, videos.told(ended, [completed("a", 10)], list.era)), []);
});

test("a deletion is announced, and that it failed; that it is done was said already", () => {
  const list = listOf(video("a"));
  const removed = videos.removed(list, "a");
  const sent = videos.removalSent(removed, "a");
  const problem = { code: "NETWORK" } as const;
  deepEqual(announced(list, removed), [{ kind: "removed", name: "a.mp4" }]);
  deepEqual(announced(removed, sent), []);
  deepEqual(announced(sent, videos.removalAnswered(sent, "a", problem, 0)), [{ kind: "failed", name: "a.mp4", problem }]);
  deepEqual(announced(sent, videos.removalAnswered(sent, "a", null, 0)), []);
});

test("an upload that fails is announced; what the user can see on its line is not", () => {
  const list = uploading(listOf(video("a")), "u");
  const problem = { code: "QUOTA_EXCEEDED" } as const;
  deepEqual(announced(list, uploads.failed(list, "u", problem)), [{ kind: "failed", name: "u.mp4", problem }]);
  deepEqual(announced(list, videos.failed(list, "a", problem)), []);
});
