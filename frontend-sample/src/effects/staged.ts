// Large files: straight to the storage, in parts, by the client for pages and programs. Who sends none never loads it.

import { IndexedDbStore, type Progress, Refused, type Service, Upload, type UploadSettings } from "fiapx-client";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import type { Outcome } from "../api/problem.ts";
import { type Video, videoFields } from "../api/video.ts";
import type { Found } from "../state/uploads.ts";
import type { Ask } from "./client.ts";
import type { Sendable } from "./upload.ts";

const stagedFields = graphql(
  `fragment StagedFields on StagedUpload { id partSizeBytes urlsExpireAt expiresAt parts { number done url } }`,
);

const CreateUpload = graphql(
  `mutation CreateUpload($input: CreateUploadInput!) { createUpload(input: $input) { __typename ...StagedFields ...ProblemFields } }`,
  [stagedFields, problemFields],
);

const RefreshUpload = graphql(
  `mutation RefreshUpload($id: ID!) { refreshUpload(id: $id) { __typename ...StagedFields ...ProblemFields } }`,
  [stagedFields, problemFields],
);

const CompleteUpload = graphql(
  `mutation CompleteUpload($id: ID!) { completeUpload(id: $id) { __typename ...VideoFields ...ProblemFields } }`,
  [videoFields, problemFields],
);

const AbortUpload = graphql(
  `mutation AbortUpload($id: ID!) { abortUpload(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);

/** Browsers take six connections to one host: three files at once have two each. */
const PARALLEL = 2;
/** Milliseconds. */
const WHILE_SIGNING_IN = 1000;

/** What is the same to whoever reads it. */
const SAME: Readonly<Record<string, Problem["code"]>> = {
  FILE_CHANGED: "IDEMPOTENCY_CONFLICT",
  STAGING_UNAVAILABLE: "FILE_TOO_LARGE",
  STORAGE_UNREACHABLE: "STORAGE_ERROR",
  URL_REFUSED: "STORAGE_ERROR",
};

/** Resolves when somebody is signed in; rejects with what the signal was aborted with. */
type SignedIn = (signal: AbortSignal) => Promise<void>;

export function createStaged(ask: Ask, owner: string, signedIn: SignedIn) {
  const store = new IndexedDbStore(`fiapx.uploads.${owner}`);
  const lockOf = (fingerprint: string): string => `fiapx.upload.${fingerprint}`;

  async function answered<Answer>(asked: () => Promise<Outcome<Answer>>, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      await signedIn(signal);
      const { answer, problem } = await asked();
      signal.throwIfAborted();
      if (!problem) return answer;
      if (problem.code !== "UNAUTHENTICATED") throw new Refused(problem.code, problem);
      await new Promise((resolve) => setTimeout(resolve, WHILE_SIGNING_IN));
    }
  }

  const service: Service<Video> = {
    create: (input, signal) => answered(() => ask(CreateUpload, { input }), signal),
    refresh: (id, signal) => answered(() => ask(RefreshUpload, { id }), signal),
    complete: (id, signal) => answered(() => ask(CompleteUpload, { id }), signal),
    abort: async (id) => void (await ask(AbortUpload, { id })),
  };

  return {
    send({ file, options }: Sendable, onChange: UploadSettings["onChange"]): Upload<Video> {
      const upload = new Upload(service, file, { options, parallel: PARALLEL, store, onChange });
      const { name, size, lastModified } = file;
      // Other pages do not call it interrupted meanwhile.
      void navigator.locks?.request(lockOf(`${name}:${size}:${lastModified}:`), () => upload.done.catch(() => {}));
      return upload;
    },

    /** What former pages of this browser left unfinished, and no other page goes on with now. */
    async found(): Promise<Omit<Found, "key">[]> {
      const kept = await store.list();
      const held = (await navigator.locks?.query())?.held?.map(({ name }) => name) ?? [];
      const isOver = ({ expiresAt }: { expiresAt: string }): boolean => Date.parse(expiresAt) < Date.now();
      for (const { fingerprint } of kept.filter(isOver)) await store.delete(fingerprint);
      return kept
        .filter((one) => !isOver(one) && !held.some((name) => lockOf(one.fingerprint).startsWith(name!)))
        .map(({ name, sizeBytes, sentBytes, options, ...left }) => ({ file: { name, size: sizeBytes }, left, sent: sentBytes, options }));
    },

    /** Remove what a former page left. */
    async forget({ id, fingerprint }: Found["left"]): Promise<void> {
      await store.delete(fingerprint);
      await service.abort(id);
    },

    /** Who signs out leaves no names of files behind. */
    forgetAll: (): void => void indexedDB.deleteDatabase(store.name),
  };
}

/** What the matter is, in the words of the page. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Refused)) throw error;
  const { code, message, field, retryAfterSeconds } = error;
  return { code: (SAME[code] ?? code) as Problem["code"], message, field, retryAfterSeconds };
}

/** Why it waits, where that is more than a line that broke. */
export function waitsFor({ problem }: Progress): Problem | null {
  return problem && ["RATE_LIMITED", "SERVICE_BUSY", "STORAGE_ERROR"].includes(problem.code) ? problemOf(problem) : null;
}

/** Whether there is no way to the storage from here. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof Refused && ["STAGING_UNAVAILABLE", "STORAGE_UNREACHABLE"].includes(error.code);
