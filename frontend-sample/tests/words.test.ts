import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { CombinedError } from "@urql/core";
import { outcomeOf, problemOf } from "../src/api/problem.ts";
import { wordsIn } from "../src/texts/load.ts";
import { languageOf } from "../src/texts/words.ts";
import { NO_CHOICES } from "../src/work/choices.ts";
import { chosenOf, DEFAULTS, FIRST, KINDS, optionsOf } from "../src/work/options.ts";

const [english, portuguese] = [await wordsIn("en"), await wordsIn("pt-BR")];

test("the page speaks the first language that it knows, else English", () => {
  deepEqual([[null, "fr", "pt-PT", "en"], ["en", "pt"], ["fr"]].map(languageOf), ["pt-BR", "en", "en"]);
});

test("a size has one digit after the point, but in bytes", () => {
  deepEqual([7, 1234, 2_500_000].map((bytes) => english.size(bytes)), ["7B", "1.2 kB", "2.5 MB"]);
  equal(portuguese.share(1_000_000, 2_500_000), "1,0 / 2,5 MB");
});

test("a problem is told by its code, or by what the service says of this file", () => {
  equal(english.sentence({ code: "RATE_LIMITED", retryAfterSeconds: 61 }), "Too many tries. Try again in 2 min.");
  equal(english.sentence({ code: "INVALID_INPUT", field: ["input", "email"] }), "This is no e-mail address.");
  equal(portuguese.sentence({ code: "UNSUPPORTED_FILE_FORMAT", message: "This file is empty." }), "Este arquivo está vazio.");
  equal(english.sentence({ code: "SOMETHING_NEW" as "INTERNAL" }), english.t.problems.INTERNAL);
});

test("who canceled a video is told apart", () => {
  const canceled = (reason: string) => ({ __typename: "Failure", code: "CANCELED", reason, retryable: true }) as const;
  equal(english.failure(canceled("You canceled the processing of this video.")), english.t.failures.CANCELED);
  equal(portuguese.failure(canceled("An operator of the service canceled the processing of this video.")), "Um operador do serviço cancelou o processamento deste vídeo.");
});

test("an answer is what was asked for, or what the matter is", () => {
  deepEqual(outcomeOf({ login: { __typename: "Session" } }, undefined), { answer: { __typename: "Session" }, problem: null });
  const problem = { __typename: "Problem", code: "INVALID_CREDENTIALS" } as const;
  deepEqual(outcomeOf({ login: problem }, undefined), { answer: null, problem });
  deepEqual(outcomeOf(undefined, new CombinedError({ networkError: new Error() })), { answer: null, problem: { code: "NETWORK" } });
});

test("an error of the answer as a whole is told by its code where a user can do something", () => {
  const error = (extensions: object) => problemOf(new CombinedError({ graphQLErrors: [{ message: "", extensions: { ...extensions } }] }));
  deepEqual(error({ code: "UNAUTHENTICATED" }), { code: "UNAUTHENTICATED" });
  deepEqual(error({ code: "RATE_LIMITED", retryAfterSeconds: 5 }), { code: "RATE_LIMITED", retryAfterSeconds: 5 });
  deepEqual(error({ code: "BAD_USER_INPUT", field: ["email"] }), { code: "INVALID_INPUT", field: ["email"] });
  deepEqual(error({ code: "BAD_USER_INPUT" }), { code: "INTERNAL" });
});

test("the options that stand in the form are those that the API takes and says", () => {
  const nothing = Object.fromEntries(KINDS.map((kind) => [kind, null]));
  const unused = { distinct: null, sharpest: false, skipBlack: false, minSceneSeconds: null, aspect: "FIT", crop: null };
  const all = { distinct: "0.02", sharpest: true, skipBlack: true, minSceneSeconds: "1.5", aspect: "FILL", crop: "0.25 0 0.5 1" } as const;
  for (const kind of KINDS) {
    const choices = kind === "sceneChange" ? all : NO_CHOICES;
    const chosen = { ...DEFAULTS, kind, value: FIRST[kind], maxWidth: "640", choices };
    const { select, ...options } = optionsOf(chosen);
    deepEqual(chosenOf({ ...unused, ...options, select: { ...nothing, ...select } } as Parameters<typeof chosenOf>[0]), chosen);
  }
  equal(optionsOf({ ...DEFAULTS, format: "PNG" }).quality, null);
  const elsewhere = optionsOf({ ...DEFAULTS, kind: "keyframesOnly", choices: all });
  deepEqual([elsewhere.sharpest, elsewhere.minSceneSeconds], [undefined, undefined]);
});
