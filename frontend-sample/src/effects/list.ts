// The list's questions to the service: read it, watch it, and change what is in it.

import { type Client, type OperationResult, stringifyDocument } from "@urql/core";
import { graphql, type Options, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { type Outcome, outcomeOf } from "../api/problem.ts";
import { isVideo, type Video, videoFields } from "../api/video.ts";
import type { Entry } from "../state/list.ts";
import type { PageStore } from "../state/page.ts";
import * as videos from "../state/videos.ts";
import { askedOf } from "../state/view.ts";
import type { Ask } from "./client.ts";
import type { Socket } from "./live.ts";
import { createSeveral } from "./several.ts";

const Videos = graphql(
  `query Videos(
    $first: Int!, $after: String, $search: String, $status: [ProcessingStatus!]
    $createdFrom: DateTime, $createdTo: DateTime, $orderBy: VideoOrder!
  ) {
    videos(
      first: $first, after: $after, search: $search, status: $status
      createdFrom: $createdFrom, createdTo: $createdTo, orderBy: $orderBy
    ) { edges { node { ...VideoFields } } pageInfo { hasNextPage endCursor } }
  }`,
  [videoFields],
);

const VideoStatus = graphql(
  `subscription VideoStatus {
    videoStatus { __typename ...VideoFields ... on Deleted { id } ...ProblemFields }
  }`,
  [videoFields, problemFields],
);

const CancelVideo = graphql(
  `mutation CancelVideo($id: ID!) { cancelVideo(id: $id) { __typename ...VideoFields ...ProblemFields } }`,
  [videoFields, problemFields],
);

const ReprocessVideo = graphql(
  `mutation ReprocessVideo($id: ID!, $options: ExtractionOptionsInput) {
    reprocessVideo(id: $id, options: $options) { __typename ...VideoFields ...ProblemFields }
  }`,
  [videoFields, problemFields],
);

const DeleteVideo = graphql(`mutation DeleteVideo($id: ID!) { deleteVideo(id: $id) { __typename ...ProblemFields } }`, [problemFields]);

type Page = OperationResult<ResultOf<typeof Videos>>;

const PAGE = 50;
const LARGEST_PAGE = 100;
const UNDO_WITHIN = 8000;

export function createList(store: PageStore, client: Client, ask: Ask, socket: Socket) {
  /** Each ends a question for a page of the list that has no answer yet. */
  const questions = new Set<() => void>();
  const removals = new Map<string, ReturnType<typeof setTimeout>>();
  const list = store.part("list");
  const several = createSeveral(store, ask);

  /**
   * Ask for a page of the list; null where it was stopped. The client answers two equal questions with one request, so a
   * question must end before the same is asked anew: its answer may be older than what it is asked for, or another user's.
   */
  function askForPage(first: number, after: string | null): Promise<Page | null> {
    const answers = client.query(Videos, { first, after, ...askedOf(list.now().view) }, { requestPolicy: "network-only" });
    return new Promise((resolve) => {
      const { unsubscribe } = answers.subscribe(end);
      const stop = (): void => end(null);
      questions.add(stop);
      function end(answer: Page | null): void {
        unsubscribe();
        questions.delete(stop);
        resolve(answer);
      }
    });
  }

  async function readPage(first: number, after: string | null): Promise<ResultOf<typeof Videos>["videos"] | null> {
    const page = await askForPage(first, after);
    if (!page) return null;
    const { answer, problem } = outcomeOf(page.data, page.error);
    if (answer) list.change(videos.pageRead, answer.edges.map(({ node }) => node), answer.pageInfo.hasNextPage);
    else list.change(videos.readingFailed, problem);
    return answer;
  }

  function stopReading(): void {
    questions.forEach((stop) => stop());
  }

  /** Read the list again, as far down as it is shown. */
  async function read(): Promise<void> {
    stopReading();
    // Not what comes meanwhile, nor an upload that becomes a video meanwhile: the answer may have been made before it.
    const before = new Set(list.now().entries.flatMap(({ video }) => video?.id ?? []));
    const found: Video[] = [];
    const wanted = Math.max(list.now().loaded, PAGE);
    let cursor: string | null = null;
    do {
      const page = await readPage(Math.min(wanted - found.length, LARGEST_PAGE), cursor);
      if (!page) return;
      found.push(...page.edges.map(({ node }) => node));
      cursor = page.pageInfo.endCursor;
    } while (list.now().hasOlder && found.length < wanted);
    list.change(videos.reread, before, found, cursor);
  }

  /** Read on, until there is something that was not there: what is under way came by the subscription already. */
  async function readOlder(): Promise<void> {
    // It is under way, or all is read again.
    if (questions.size > 0 || !list.now().hasOlder) return;
    const before = list.now().entries.length;
    do {
      const page = await readPage(LARGEST_PAGE, list.now().cursor);
      if (!page) return;
      list.change(videos.olderRead, page.edges.length, page.pageInfo.endCursor);
    } while (list.now().hasOlder && list.now().entries.length === before);
  }

  /** Watch all of the user's videos, through every break of the connection, until the returned function is called. */
  function watch(): () => void {
    return socket.keep((failed) => {
      const next = ({ data, errors }: { data?: ResultOf<typeof VideoStatus> | null; errors?: unknown }): void => {
        const event = data?.videoStatus;
        if (errors || event?.__typename === "Problem") failed();
        else if (event?.__typename === "Deleted") list.change(videos.deleted, event.id);
        else if (event && isVideo(event)) list.change(videos.told, [event], list.now().era);
      };
      return socket.subscribe({ query: stringifyDocument(VideoStatus) }, { next, error: failed, complete: () => {} });
    });
  }

  /** Take in what a video has become, unless somebody else has signed in by then. */
  async function changed(asked: Promise<Outcome<Video>>): Promise<Outcome<Video>> {
    const { era } = list.now();
    const outcome = await asked;
    if (outcome.answer) list.change(videos.told, [outcome.answer], era);
    return outcome;
  }

  const stop = async (id: string): Promise<Problem | null> => (await changed(ask(CancelVideo, { id }))).problem;

  async function cancel({ key, video }: Entry): Promise<void> {
    list.change(videos.failed, key, null);
    const problem = await stop(video!.id);
    if (problem) list.change(videos.cancelFailed, key, problem);
  }

  /** Process a video again, as a new one: in the way that it was, if there are no options. */
  function reprocess(id: string, options: Options = null): Promise<Outcome<Video>> {
    return changed(ask(ReprocessVideo, { id, options }));
  }

  /** Do something with a video, and show on its line what is the matter if it could not be done. */
  async function attempt(key: string, step: () => Promise<Problem | null>): Promise<void> {
    list.change(videos.failed, key, null);
    list.change(videos.failed, key, await step());
  }

  function forgetRemoval(key: string): void {
    clearTimeout(removals.get(key));
    removals.delete(key);
  }

  async function removeNow(key: string): Promise<void> {
    forgetRemoval(key);
    const { era, entries } = list.now();
    const id = entries.find((entry) => entry.key === key)?.video?.id;
    if (!id) return;
    list.change(videos.removalSent, key);
    // The page may be about to close: the request outlives it.
    const { problem } = await ask(DeleteVideo, { id }, { fetchOptions: { keepalive: true } });
    list.change(videos.removalAnswered, key, problem, era);
  }

  /** Delete a video, but not at once: `undo` takes it back. */
  function remove(key: string): void {
    list.change(videos.removed, key);
    removals.set(key, setTimeout(removeNow, UNDO_WITHIN, key));
  }

  function undo(key: string): void {
    forgetRemoval(key);
    list.change(videos.restored, key);
  }

  /** Do at once what was put off. */
  async function removeAll(): Promise<void> {
    await Promise.all([several.removeNow(), ...[...removals.keys()].map(removeNow)]);
  }
  addEventListener("pagehide", () => void removeAll());

  /** Forget everything: somebody else signs in. */
  function forget(): void {
    void removeAll();
    stopReading();
    list.change(videos.forgotten);
    store.part("limits").change(() => null);
  }

  return { read, readOlder, watch, cancel, stop, reprocess, attempt, remove, undo, removeAll, several, forget };
}
