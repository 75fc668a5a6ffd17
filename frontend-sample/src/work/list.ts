// The list: what the service knows and what is being uploaded, each once and each in its place.

import { computed, type Signal, signal } from "@preact/signals";
import type { OperationResult } from "@urql/core";
import { client, problemIn, problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { keep } from "../api/live.ts";
import { isUnfinished, isVideo, type Video, videoFields } from "../api/video.ts";
import { tell, tellProblem } from "../ui/tell.ts";
import type { Upload } from "./uploads.ts";

const Videos = graphql(
  `
    query Videos($first: Int!, $after: String) {
      videos(first: $first, after: $after) {
        edges {
          node {
            ...VideoFields
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [videoFields],
);

const VideoStatus = graphql(
  `
    subscription VideoStatus {
      videoStatus {
        __typename
        ...VideoFields
        ... on Deleted {
          id
        }
        ...ProblemFields
      }
    }
  `,
  [videoFields, problemFields],
);

const DeleteVideo = graphql(
  `
    mutation DeleteVideo($id: ID!) {
      deleteVideo(id: $id) {
        __typename
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

/** One line of the list: first an upload, then the processing that came of it. */
export interface Entry {
  readonly key: string;
  /** Its place: the list is sorted by it, the highest first. */
  readonly at: number;
  /** When it came to this page, counted in arrivals. */
  readonly arrival: number;
  readonly upload: Upload | null;
  readonly video: Signal<Video | null>;
  /** Deleted by the user: "undoable" until the service is asked, "sent" until it has answered. */
  readonly removed: Signal<"undoable" | "sent" | null>;
  /** Why what the user did last was not done. */
  readonly problem: Signal<Problem | null>;
  /** It was just brought back, and the keyboard's focus goes with it. */
  restored?: boolean;
}

const PAGE = 50;
const UNDO_WITHIN = 8000;

const entries = signal<readonly Entry[]>([]);
const sending = signal<ReadonlySet<Entry>>(new Set());
export const reading = signal<"first" | "idle" | Problem>("first");
export const hasOlder = signal(false);

let byId = new Map<string, Entry>();
const gone = new Set<string>();
let arrivals = 0;
let cursor: string | null = null;
let loaded = 0;
/** Raised when somebody else signs in: what was asked for before is not for them. */
let era = 0;
/** Each ends a question for a page of the list that has no answer yet. */
const questions = new Set<() => void>();

/**
 * The list as it is shown. The word of a new video may come before the answer to its upload: until then it is that upload's
 * line, and has none of its own.
 */
export const shown = computed(() => {
  const uploading = [...sending.value];
  return entries.value.filter((entry) => {
    const video = entry.video.peek();
    return (
      entry.upload !== null ||
      !uploading.some(
        ({ arrival, upload }) =>
          arrival < entry.arrival && upload!.file.name === video?.originalFileName && upload!.file.size === video.sizeBytes,
      )
    );
  });
});

/** How far what is under way is on average, 0 to 100: an upload is the first half of its way. Null where nothing is. */
export const underWay = computed(() => {
  let active = 0;
  let percent = 0;
  for (const { upload, video, removed } of entries.value) {
    const found = video.value;
    if (removed.value || (found ? !isUnfinished(found) : !upload?.isActive)) continue;
    active++;
    percent += found ? 50 + found.progress.percent / 2 : (50 * upload!.state.value.furthest) / Math.max(upload!.file.size, 1);
  }
  return active ? { active, percent: Math.floor(percent / active) } : null;
});

/** Whether anything is under way: the page draws itself anew by this, not by every step of the numbers. */
export const isBusy = computed(() => underWay.value !== null);

/** Uploads that failed, where trying again may help. */
export const failedUploads = computed(() =>
  entries.value.filter(({ upload, video }) => !video.value && upload?.state.value.phase === "failed"),
);

function place(entry: Entry): void {
  const list = [...entries.value];
  const index = list.findIndex(({ at }) => at < entry.at);
  list.splice(index < 0 ? list.length : index, 0, entry);
  entries.value = list;
}

function newEntry(video: Video | null): Pick<Entry, "arrival" | "video" | "removed" | "problem"> {
  return { arrival: ++arrivals, video: signal(video), removed: signal(null), problem: signal(null) };
}

/** Put uploads on top of the list, in the order of their files. */
export function addUploads(uploads: readonly Upload[]): Entry[] {
  // Clocks differ: what is added now stands above all that is there.
  const at = Math.max(Date.now(), (entries.value[0]?.at ?? 0) + 1);
  const added = uploads.map((upload) => ({
    key: upload.key,
    at,
    upload,
    ...newEntry(null),
  }));
  entries.value = [...added, ...entries.value];
  return added;
}

export function setSending(entry: Entry, is: boolean): void {
  const next = new Set(sending.value);
  if (is) next.add(entry);
  else next.delete(entry);
  sending.value = next;
}

/** An upload has become a processing. */
export function adopt(entry: Entry, video: Video): void {
  const other = byId.get(video.id);
  byId.set(video.id, entry);
  entry.video.value = other?.video.peek() ?? video;
  if (other && other !== entry) entries.value = entries.value.filter((one) => one !== other);
}

/** Take in what the service says of a video; what is older than what is known changes nothing. */
export function apply(video: Video): void {
  if (gone.has(video.id)) return;
  const entry = byId.get(video.id);
  const before = entry?.video.peek();
  if (!entry || !before) {
    const at = Date.parse(video.createdAt);
    const added = { key: video.id, at, upload: null, ...newEntry(video) };
    byId.set(video.id, added);
    place(added);
  } else if (video.version >= before.version) {
    entry.video.value = video.status === before.status ? withoutFalling(video, before) : video;
    if (video.status !== before.status) entry.problem.value = null;
    if (isUnfinished(before) && !isUnfinished(video)) tell(video);
  }
}

/** Take in the answer to what is asked now, unless somebody else has signed in by then. */
export function applyLater(): (video: Video) => void {
  const asked = era;
  return (video) => {
    if (asked === era) apply(video);
  };
}

/** Another worker's attempt begins anew; the bar waits until it has caught up. */
function withoutFalling(video: Video, before: Video): Video {
  return video.progress.percent < before.progress.percent ? { ...video, progress: before.progress } : video;
}

export function drop(entry: Entry): void {
  const id = entry.video.peek()?.id;
  if (id) {
    byId.delete(id);
    gone.add(id);
  }
  entries.value = entries.value.filter((one) => one !== entry);
}

/** Read the list again, as far down as it is shown. */
export async function read(): Promise<void> {
  stopReading();
  // Not what comes meanwhile, nor an upload that becomes a video meanwhile: the answer may have been made before it.
  const before = new Set(entries.value.filter(({ video }) => video.peek()));
  const found = new Set<string>();
  const wanted = Math.max(loaded, PAGE);
  let after: string | null = null;
  let oldest = Infinity;
  for (let more = true; more && found.size < wanted; ) {
    const page = await readPage(Math.min(wanted - found.size, 100), after);
    if (!page) return;
    page.edges.forEach(({ node }) => {
      found.add(node.id);
      oldest = Math.min(oldest, Date.parse(node.createdAt));
    });
    after = page.pageInfo.endCursor;
    more = page.pageInfo.hasNextPage;
    if (!more) loaded = found.size;
  }
  loaded = Math.max(loaded, found.size);
  cursor = after;
  // What is not there any more was deleted while nobody watched; of what is older than all that was read, nothing is known.
  if (!hasOlder.value) oldest = -Infinity;
  entries.value
    .filter((entry) => {
      const video = entry.video.peek();
      return before.has(entry) && !found.has(video!.id) && Date.parse(video!.createdAt) > oldest;
    })
    .forEach(drop);
}

/** Read on, until there is something that was not there: what is under way came by the subscription already. */
export async function readOlder(): Promise<void> {
  const before = entries.value.length;
  do {
    const page = await readPage(PAGE, cursor);
    if (!page) return;
    loaded += page.edges.length;
    cursor = page.pageInfo.endCursor;
  } while (hasOlder.value && entries.value.length === before);
}

async function readPage(first: number, after: string | null) {
  const answer = await ask(first, after);
  if (!answer) return null;
  const { data, error } = answer;
  if (!data) {
    reading.value = error ? problemOf(error) : { code: "INTERNAL" };
    return null;
  }
  data.videos.edges.forEach(({ node }) => apply(node));
  hasOlder.value = data.videos.pageInfo.hasNextPage;
  reading.value = "idle";
  return data.videos;
}

/**
 * Ask for a page of the list; null where it was stopped. The client answers two equal questions with one request, so a
 * question must end before the same is asked anew: its answer may be older than what it is asked for, or another user's.
 */
function ask(first: number, after: string | null) {
  const answers = client.query(Videos, { first, after }, { requestPolicy: "network-only" });
  return new Promise<OperationResult<ResultOf<typeof Videos>> | null>((resolve) => {
    const { unsubscribe } = answers.subscribe(end);
    const stop = (): void => end(null);
    questions.add(stop);
    function end(answer: OperationResult<ResultOf<typeof Videos>> | null): void {
      unsubscribe();
      questions.delete(stop);
      resolve(answer);
    }
  });
}

function stopReading(): void {
  questions.forEach((stop) => stop());
}

/** Watch all of the user's videos, through every break of the connection, until the returned function is called. */
export function watch(): () => void {
  return keep((failed) => {
    const { unsubscribe } = client.subscription(VideoStatus, {}).subscribe(({ data, error }) => {
      const event = data?.videoStatus;
      if (error || event?.__typename === "Problem") failed();
      else if (event?.__typename === "Deleted") {
        const entry = byId.get(event.id);
        if (entry) drop(entry);
      } else if (event && isVideo(event)) apply(event);
    });
    return unsubscribe;
  });
}

const removals = new Map<Entry, ReturnType<typeof setTimeout>>();

/** Delete a video, but not at once: `undo` takes it back. */
export function remove(entry: Entry): void {
  entry.problem.value = null;
  entry.removed.value = "undoable";
  removals.set(entry, setTimeout(() => void removeNow(entry), UNDO_WITHIN));
}

export function undo(entry: Entry): void {
  if (entry.removed.peek() !== "undoable") return;
  clearTimeout(removals.get(entry));
  removals.delete(entry);
  entry.restored = true;
  entry.removed.value = null;
}

async function removeNow(entry: Entry): Promise<void> {
  const asked = era;
  clearTimeout(removals.get(entry));
  removals.delete(entry);
  entry.removed.value = "sent";
  // The page may be about to close: the request outlives it.
  const sent = client.mutation(DeleteVideo, { id: entry.video.peek()!.id }, { fetchOptions: { keepalive: true } });
  const { data, error } = await sent.toPromise();
  if (asked !== era) return;
  const problem = problemIn(data?.deleteVideo, error);
  if (!problem || problem.code === "VIDEO_NOT_FOUND") return drop(entry);
  // That it is deleted was said already.
  tellProblem(entry.video.peek()!.originalFileName, problem);
  entry.problem.value = problem;
  entry.removed.value = null;
}

/** Do at once what was put off. */
export async function removeAll(): Promise<void> {
  await Promise.all([...removals.keys()].map(removeNow));
}

addEventListener("pagehide", () => void removeAll());

/** Forget everything: somebody else signs in. */
export function forget(): void {
  void removeAll();
  era++;
  stopReading();
  entries.value = [];
  sending.value = new Set();
  reading.value = "first";
  hasOlder.value = false;
  byId = new Map();
  gone.clear();
  cursor = null;
  loaded = 0;
}
