// One line of the list: first an upload, then the processing that came of it, with what can be done now.

import { useSignal } from "@preact/signals";
import { useClient, useMutation } from "@urql/preact";
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { problemOf } from "../api/client.ts";
import { graphql, problemFields } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { isExpired, isUnfinished, isVideo, type Video, videoFields } from "../api/video.ts";
import { ActionButton } from "../ui/action.tsx";
import { download } from "../ui/download.ts";
import { failureSentence, number, sentence, share, size, texts, time } from "../ui/language.ts";
import { tellRemoved } from "../ui/tell.ts";
import { DetailsDialog, useReprocess } from "./details.tsx";
import { applyLater, drop, type Entry, remove, undo } from "./list.ts";
import { cancel, retry, type Upload } from "./uploads.ts";

const CancelVideo = graphql(
  `
    mutation CancelVideo($id: ID!) {
      cancelVideo(id: $id) {
        __typename
        ...VideoFields
        ...ProblemFields
      }
    }
  `,
  [videoFields, problemFields],
);

/** Links are short-lived, so they are asked for when they are needed. */
const Links = graphql(
  `
    query Links($id: ID!) {
      video(id: $id) {
        __typename
        ... on VideoProcessing {
          result {
            downloadUrl
            contactSheetUrl
          }
        }
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

export function Row({ entry }: { entry: Entry }) {
  const video = entry.video.value;
  if (entry.removed.value) return <RemovedRow entry={entry} name={video!.originalFileName} />;
  return video ? <VideoRow entry={entry} video={video} /> : <UploadRow entry={entry} upload={entry.upload!} />;
}

interface LineProps {
  state: string;
  name: string;
  word: string;
  numbers?: string | undefined;
  percent?: number | undefined;
  problem?: string | undefined;
  picture?: ComponentChildren;
  children: ComponentChildren;
}

/** What all lines have in common: how they look. */
function Line({ state, name, word, numbers, percent, problem, picture, children }: LineProps) {
  return (
    <li class="row" data-state={state}>
      <div class="picture">{picture}</div>
      <div class="what">
        <h2 title={name}>{name}</h2>
        <p class="status">
          <span class="dot" />
          <strong>{word}</strong>
          {numbers && <span class="numbers">{numbers}</span>}
        </p>
        {percent !== undefined && (
          <div class="bar" role="progressbar" aria-label={`${word}: ${name}`} aria-valuenow={Math.floor(percent)}>
            <div key={state === "PROCESSING"} style={{ transform: `scaleX(${percent / 100})` }} />
          </div>
        )}
        {problem && <p class="problem">{problem}</p>}
      </div>
      <div class="buttons">{children}</div>
    </li>
  );
}

interface ActionProps {
  word: string;
  on: string;
  primary?: boolean;
  button?: Ref<HTMLButtonElement>;
  onClick: () => unknown;
}

/** A button whose name says on what it acts: there is one of its kind in every line. */
function Action({ word, on, primary = false, button, onClick }: ActionProps) {
  return (
    <ActionButton ref={button} class={primary ? "primary" : ""} aria-label={texts.value.actionOn(word, on)} onAction={onClick}>
      {word}
    </ActionButton>
  );
}

function UploadRow({ entry, upload }: { entry: Entry; upload: Upload }) {
  const t = texts.value;
  const { phase, sent, furthest, rate, problem } = upload.state.value;
  const { name, size: total } = upload.file;
  const percentOf = (bytes: number): number => (total ? (100 * bytes) / total : 0);
  const isSending = phase === "sending" || phase === "again";
  const numbers = [
    `${Math.floor(percentOf(sent))} %`,
    share(sent, total),
    rate && `${size(rate)}/s`,
    rate && t.left(time((total - sent) / rate)),
  ];
  return (
    <Line
      state={phase}
      name={name}
      word={phase === "failed" ? t.status.refused : t.status[phase]}
      numbers={isSending ? numbers.filter(Boolean).join(" · ") : size(total)}
      percent={isSending ? percentOf(furthest) : undefined}
      problem={problem ? sentence(problem) : undefined}
    >
      {upload.isActive && <Action word={t.cancel} on={name} onClick={() => cancel(entry)} />}
      {phase === "failed" && <Action word={t.retry} on={name} primary onClick={() => retry(entry)} />}
      {!upload.isActive && <Action word={t.dismiss} on={name} onClick={() => drop(entry)} />}
    </Line>
  );
}

function VideoRow({ entry, video }: { entry: Entry; video: Video }) {
  const t = texts.value;
  const { id, status, progress, failure, result, originalFileName: name } = video;
  const client = useClient();
  const { problem } = entry;
  const looking = useSignal(false);
  const [, cancelVideo] = useMutation(CancelVideo);
  const reprocess = useReprocess();
  const removeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (entry.restored) removeButton.current?.focus();
    entry.restored = false;
  }, []);
  const isCanceled = failure?.code === "CANCELED";
  const expired = isExpired(video);

  async function stop(): Promise<void> {
    problem.value = null;
    const take = applyLater();
    const { data, error } = await cancelVideo({ id });
    const answer = data?.cancelVideo;
    if (answer && isVideo(answer)) take(answer);
    // That it could not be stopped is of no interest once it has ended.
    else if (isUnfinished(entry.video.peek()!)) problem.value = answer ?? problemOf(error!);
  }

  async function again(): Promise<void> {
    problem.value = null;
    problem.value = await reprocess(id);
  }

  async function links() {
    const { data, error } = await client.query(Links, { id }, { requestPolicy: "network-only" }).toPromise();
    return data?.video ?? problemOf(error!);
  }

  async function save(): Promise<void> {
    problem.value = null;
    const found = await links();
    if (!("result" in found)) problem.value = found;
    else if (found.result) download(linked(found.result.downloadUrl));
  }

  /** A picture that is missing speaks for itself. */
  async function nextPicture(): Promise<string | null | undefined> {
    const found = await links();
    return "result" in found ? found.result?.contactSheetUrl : null;
  }

  const { framesExtracted, framesExpected, percent } = progress;
  const frames = framesExpected
    ? t.framesOf(number(framesExtracted), number(Math.max(framesExpected, framesExtracted)))
    : t.frameCount(framesExtracted);
  const numbers = {
    PENDING: size(video.sizeBytes),
    PROCESSING: `${Math.floor(percent)} % · ${frames}`,
    COMPLETED: result ? `${t.frameCount(result.frameCount)} · ${size(result.sizeBytes)}` : t.expired,
    FAILED: expired ? t.expired : undefined,
  }[status];
  const sentences = [failure && !isCanceled && failureSentence(failure), problem.value && sentence(problem.value)];

  return (
    <Line
      state={isCanceled ? "CANCELED" : status}
      name={name}
      word={isCanceled ? t.status.CANCELED : t.status[status]}
      numbers={numbers}
      percent={status === "PROCESSING" ? percent : undefined}
      problem={sentences.filter(Boolean).join(" ") || undefined}
      picture={result?.contactSheetUrl && <Picture url={result.contactSheetUrl} renew={nextPicture} />}
    >
      {isUnfinished(video) && <Action word={t.cancel} on={name} onClick={stop} />}
      {status === "COMPLETED" && !expired && <Action word={t.download} on={name} primary onClick={save} />}
      {failure?.retryable && !expired && <Action word={t.retry} on={name} primary onClick={again} />}
      {!isUnfinished(video) && <Action word={t.look} on={name} onClick={() => (looking.value = true)} />}
      <Action
        word={t.remove}
        on={name}
        button={removeButton}
        onClick={() => {
          tellRemoved(name);
          remove(entry);
        }}
      />
      {looking.value && <DetailsDialog id={id} onClose={() => (looking.value = false)} />}
    </Line>
  );
}

/** A picture whose first link stays, and is asked for anew once it has lapsed. */
function Picture({ url, renew }: { url: string; renew: () => Promise<string | null | undefined> }) {
  const source = useSignal(url);
  const renewed = useRef(false);
  async function again(): Promise<void> {
    if (renewed.current) return;
    renewed.current = true;
    const next = await renew();
    if (next) source.value = next;
  }
  return <img src={linked(source.value)} alt="" loading="lazy" decoding="async" onError={again} />;
}

/** Once the deletion is sent, the button stays in its place for the keyboard's focus, but does nothing any more. */
function RemovedRow({ entry, name }: { entry: Entry; name: string }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <li class="row removed" data-state="removed">
      <p>{texts.value.removed(name)}</p>
      <button
        type="button"
        ref={button}
        aria-label={texts.value.actionOn(texts.value.undo, name)}
        aria-disabled={entry.removed.value === "sent"}
        onClick={() => undo(entry)}
      >
        {texts.value.undo}
      </button>
    </li>
  );
}
