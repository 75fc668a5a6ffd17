// The film itself, as far as the browser can play it, above its timeline.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { clock } from "./clock.ts";
import { type Film, stepped } from "./film.ts";
import { Marks } from "./marks.tsx";
import { type Marked, marksOf } from "./review.ts";
import { useReviewTexts } from "./texts.ts";
import { Timeline } from "./timeline.tsx";

interface PlayerProps {
  file: File;
  film: Film | null | undefined;
  marked: Marked;
  onPart: (part: { start?: number | null; stop?: number | null }) => void;
  onMarks: (instants: readonly number[]) => void;
}

export function Player({ file, film, marked, onPart, onMarks }: PlayerProps) {
  const review = useReviewTexts();
  const video = useRef<HTMLVideoElement>(null);
  const at = useSignal(0);
  const isPlaying = useSignal(false);
  const isPlayable = useSignal<boolean | null>(null);
  useEffect(() => playing(video.current!, file, (seconds) => (at.value = seconds)), [file]);

  const marks = marksOf(marked);
  const part = { start: numberIn(marked.chosen.startSeconds), stop: numberIn(marked.chosen.endSeconds) };
  const step = (from: number, pictures: number): number => (film ? stepped(film, from, pictures) : from);

  function seek(seconds: number): void {
    at.value = seconds;
    // A little within the picture, whose time the browser rounds.
    if (video.current) video.current.currentTime = seconds + 0.0005;
  }

  function play(): void {
    if (!isPlayable.peek()) return;
    if (video.current!.paused) void video.current!.play().catch(() => {});
    else video.current!.pause();
  }

  /** A bound is shown while it is moved. */
  function moved(part: { start?: number | null; stop?: number | null }): void {
    onPart(part);
    seek("start" in part ? (part.start ?? 0) : (part.stop ?? film!.duration));
  }

  const mark = (): void => onMarks([...marks, at.peek()]);
  const begin = (): void => onPart({ start: at.peek() > 0 ? at.peek() : null });
  const end = (): void => onPart({ stop: film && at.peek() < film.duration ? at.peek() : null });
  const move = (pictures: number) => ({ shiftKey }: KeyboardEvent): void =>
    seek(shiftKey && film ? Math.min(Math.max(at.peek() + pictures, 0), film.duration) : step(at.peek(), pictures));
  useShortcuts(film ? { i: begin, o: end, m: mark, " ": play, ArrowLeft: move(-1), ArrowRight: move(1) } : {}, "dialog");

  return (
    <section class="player" aria-label={review.film}>
      <div class="screen" data-playable={isPlayable.value ?? "unknown"}>
        <video
          ref={video}
          muted
          playsInline
          preload="auto"
          hidden={isPlayable.value === false}
          tabIndex={-1}
          aria-label={file.name}
          onClick={play}
          onPlay={() => (isPlaying.value = true)}
          onPause={() => (isPlaying.value = false)}
          onLoadedMetadata={({ currentTarget }) => (isPlayable.value = currentTarget.videoWidth > 0)}
          onError={() => (isPlayable.value = false)}
        />
        {isPlayable.value === false && <p class="hint">{film ? review.notPlayed : review.notLookedAt}</p>}
      </div>
      {film && film.duration > 0 && (
        <>
          <Timeline duration={film.duration} at={at.value} {...part} marks={marks} step={step} onSeek={seek} onPart={moved} onMarks={onMarks} />
          <div class="transport">
            {isPlayable.value && (
              <button type="button" aria-keyshortcuts="Space" onClick={play}>{isPlaying.value ? review.pause : review.play}</button>
            )}
            <span class="numbers">{`${clock(at.value)} / ${clock(film.duration)}`}</span>
            <span class="space" />
            <button type="button" aria-keyshortcuts="I" onClick={begin}>{review.startHere} <kbd>I</kbd></button>
            <button type="button" aria-keyshortcuts="O" onClick={end}>{review.endHere} <kbd>O</kbd></button>
            <button type="button" aria-keyshortcuts="M" onClick={mark}>{review.markHere} <kbd>M</kbd></button>
          </div>
          <Marks marks={marks} duration={film.duration} onMarks={onMarks} onSeek={seek} />
        </>
      )}
    </section>
  );
}

const numberIn = (text: string): number | null => (text === "" || !Number.isFinite(Number(text)) ? null : Number(text));

/** Let an element play a file, and tell where it is while it plays. */
function playing(video: HTMLVideoElement, file: File, tell: (seconds: number) => void): () => void {
  const url = URL.createObjectURL(file);
  const listening = new AbortController();
  let frame = 0;
  const follow = (): void => {
    tell(video.currentTime);
    if (!video.paused) frame = requestAnimationFrame(follow);
  };
  video.addEventListener("play", follow, { signal: listening.signal });
  video.src = url;
  return () => {
    listening.abort();
    cancelAnimationFrame(frame);
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  };
}
