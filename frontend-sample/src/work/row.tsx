// One line of the list: first an upload, then the processing that came of it, with what can be done now.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Links } from "../api/links.ts";
import { linked } from "../api/places.ts";
import { isExpired, isUnfinished, type Video } from "../api/video.ts";
import type { Entry, Upload } from "../state/list.ts";
import { isActive } from "../state/uploads.ts";
import type { Words } from "../texts/words.ts";
import { ActionButton, Link } from "../ui/controls.tsx";
import { download } from "../ui/download.ts";
import { usePage, useWords } from "../ui/page.ts";
import { About, type RunProps } from "./about.tsx";
import { Choose } from "./choose.tsx";

export function Row({ of: key, ...runs }: { of: string } & RunProps) {
  const { entries } = usePage();
  const entry = useComputed(() => entries.value.get(key)).value;
  if (!entry) return null;
  const { video, upload, removed } = entry;
  if (removed) return <RemovedRow entry={entry} name={video!.originalFileName} />;
  return video ? <VideoRow entry={entry} video={video} {...runs} /> : <UploadRow entry={entry} upload={upload!} />;
}

interface LineProps {
  of: string;
  state: string;
  isRun?: boolean;
  name: string;
  word: string;
  numbers?: string | undefined;
  percent?: number | undefined;
  problem?: string | undefined;
  choice?: ComponentChildren;
  picture?: ComponentChildren;
  about?: ComponentChildren;
  children: ComponentChildren;
}

/** What all lines have in common: how they look. */
function Line({ of: key, state, isRun, name, word, numbers, percent, problem, choice, picture, about, children }: LineProps) {
  return (
    <li class="row" data-key={key} data-state={state} data-run={isRun || undefined}>
      {choice ?? <span />}
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
        {about}
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
  const { t } = useWords();
  return (
    <ActionButton ref={button} class={primary ? "primary" : ""} aria-label={t.actionOn(word, on)} onAction={onClick}>
      {word}
    </ActionButton>
  );
}

function UploadRow({ entry: { key }, upload }: { entry: Entry; upload: Upload }) {
  const { t, sentence, share, size, time } = useWords();
  const { uploads } = usePage();
  const { phase, sent, furthest, rate, problem, isPausable } = upload;
  const { name, size: total } = upload.file;
  const percentOf = (bytes: number): number => (total ? (100 * bytes) / total : 0);
  const hasBegun = phase !== "waiting" && (isActive(upload) || phase === "left");
  const numbers = [
    `${Math.floor(percentOf(sent))} %`,
    share(sent, total),
    rate && `${size(rate)}/s`,
    rate && t.left(time((total - sent) / rate)),
  ];
  return (
    <Line
      of={key}
      state={phase}
      name={name}
      word={phase === "failed" ? t.status.refused : t.status[phase]}
      numbers={hasBegun ? numbers.filter(Boolean).join(" · ") : size(total)}
      percent={hasBegun ? percentOf(furthest) : undefined}
      problem={problem ? sentence(problem) : phase === "left" ? t.chooseAgain : undefined}
    >
      {isPausable && isActive(upload) && (
        <Action
          word={phase === "paused" ? t.goOn : t.pause}
          on={name}
          onClick={() => (phase === "paused" ? uploads.resume(key) : uploads.pause(key))}
        />
      )}
      {isActive(upload) && <Action word={t.cancel} on={name} onClick={() => uploads.dismiss(key)} />}
      {phase === "failed" && <Action word={t.retry} on={name} primary onClick={() => uploads.retry(key)} />}
      {!isActive(upload) && <Action word={t.dismiss} on={name} onClick={() => uploads.dismiss(key)} />}
    </Line>
  );
}

/** What a video's line says in numbers. */
function numbersOf(video: Video, { t, number, size }: Words): string | undefined {
  const { status, sizeBytes, progress, result } = video;
  const { framesOf, frameCount } = t;
  const { framesExtracted, framesExpected, percent } = progress;
  const frames = framesExpected
    ? framesOf(number(framesExtracted), number(Math.max(framesExpected, framesExtracted)))
    : frameCount(framesExtracted);
  return {
    PENDING: size(sizeBytes),
    PROCESSING: `${Math.floor(percent)} % · ${frames}`,
    COMPLETED: result ? `${frameCount(result.frameCount)} · ${size(result.sizeBytes)}` : t.expired,
    FAILED: isExpired(video) ? t.expired : undefined,
  }[status];
}

function VideoRow({ entry, video, ...runs }: { entry: Entry; video: Video } & RunProps) {
  const words = useWords();
  const { t, failure: failureSentence, sentence } = words;
  const { ask, list } = usePage();
  const { key, problem } = entry;
  const { id, status, progress, failure, result, originalFileName: name } = video;
  const removeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (entry.restored) removeButton.current?.focus();
  }, []);
  const expired = isExpired(video);
  const isCanceled = failure?.code === "CANCELED";

  const save = () =>
    list.attempt(key, async () => {
      const { answer, problem } = await ask(Links, { id });
      if (answer?.result) download(linked(answer.result.downloadUrl));
      return problem;
    });

  const again = () => list.attempt(key, async () => (await list.reprocess(id)).problem);

  /** A picture that is missing speaks for itself. */
  async function nextPicture(): Promise<string | null | undefined> {
    const { answer } = await ask(Links, { id });
    return answer?.result?.contactSheetUrl;
  }

  const why = failure && failureSentence(failure);
  const sentences = [why !== t.failures.CANCELED && why, problem && sentence(problem)];
  return (
    <Line
      of={key}
      isRun={runs.isRun}
      choice={<Choose of={key} name={name} />}
      about={<About video={video} {...runs} />}
      state={isCanceled ? "CANCELED" : status}
      name={name}
      word={isCanceled ? t.status.CANCELED : t.status[status]}
      numbers={numbersOf(video, words)}
      percent={status === "PROCESSING" ? progress.percent : undefined}
      problem={sentences.filter(Boolean).join(" ") || undefined}
      picture={result?.contactSheetUrl && (
        <Picture url={result.contactSheetUrl} columns={result.storyboard?.columns ?? 1} renew={nextPicture} />
      )}
    >
      {isUnfinished(video) && <Action word={t.cancel} on={name} onClick={() => list.cancel(entry)} />}
      {status === "COMPLETED" && !expired && <Action word={t.download} on={name} primary onClick={save} />}
      {failure?.retryable && !expired && <Action word={t.retry} on={name} primary onClick={again} />}
      <Link to={`/videos/${id}`} class="button" aria-label={t.actionOn(t.look, name)}>{t.look}</Link>
      <Action word={t.remove} on={name} button={removeButton} onClick={() => list.remove(key)} />
    </Line>
  );
}

interface PictureProps {
  url: string;
  /** Of so many tiles beside each other the first one is shown. */
  columns: number;
  renew: () => Promise<string | null | undefined>;
}

/** A picture whose first link stays, and is asked for anew once it has expired. */
function Picture({ url, columns, renew }: PictureProps) {
  const source = useSignal(url);
  const renewed = useRef(false);
  async function again(): Promise<void> {
    if (renewed.current) return;
    renewed.current = true;
    const next = await renew();
    if (next) source.value = next;
  }
  const first = columns > 1 ? { width: `${columns * 100}%`, height: "auto" } : {};
  return <img src={linked(source.value)} alt="" loading="lazy" decoding="async" style={first} onError={again} />;
}

/** Once the deletion is sent, the button stays in its place for the keyboard's focus, but does nothing any more. */
function RemovedRow({ entry, name }: { entry: Entry; name: string }) {
  const { t } = useWords();
  const { list } = usePage();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <li class="row removed" data-key={entry.key} data-state="removed">
      <p>{t.removed(name)}</p>
      <button
        type="button"
        ref={button}
        aria-label={t.actionOn(t.undo, name)}
        aria-disabled={entry.removed === "sent"}
        onClick={() => list.undo(entry.key)}
      >
        {t.undo}
      </button>
    </li>
  );
}
