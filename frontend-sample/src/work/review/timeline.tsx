// A film as a line: where it is looked at, which part is taken, and single instants. By mouse, finger and keyboard alike.

import { useRef } from "preact/hooks";
import { clock } from "./clock.ts";
import { useReviewTexts } from "./texts.ts";

interface TimelineProps {
  duration: number;
  at: number;
  /** Null: the film's own start and end. */
  start: number | null;
  stop: number | null;
  marks: readonly number[];
  /** The instant so many pictures away from another. */
  step: (from: number, pictures: number) => number;
  onSeek: (seconds: number) => void;
  onPart: (part: { start?: number | null; stop?: number | null }) => void;
  onMarks: (instants: readonly number[]) => void;
}

export function Timeline({ duration, at, start, stop, marks, step, onSeek, onPart, onMarks }: TimelineProps) {
  const { timeline } = useReviewTexts();
  const track = useRef<HTMLDivElement>(null);
  const share = (seconds: number): string => `${(100 * Math.min(Math.max(seconds, 0), duration)) / duration}%`;

  function secondsAt({ clientX }: PointerEvent): number {
    const { left, width } = track.current!.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / width, 0), 1) * duration;
  }

  /** What a pointer does that is held down. */
  function dragged(move: (seconds: number) => void) {
    const follow = (event: PointerEvent): void => {
      if ((event.currentTarget as Element).hasPointerCapture(event.pointerId)) move(secondsAt(event));
    };
    const begin = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      event.stopPropagation();
    };
    return { onPointerDown: begin, onPointerMove: follow };
  }

  function handle(kind: string, label: string, seconds: number, move: (seconds: number) => void, remove?: () => void) {
    function keyed(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = keyedTo(event, seconds, duration, step);
      if (next !== null) move(next);
      else if (remove && (event.key === "Delete" || event.key === "Backspace")) remove();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    return (
      <div
        key={label}
        class={`handle ${kind}`}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={duration}
        aria-valuenow={seconds}
        aria-valuetext={clock(seconds)}
        style={{ left: share(seconds) }}
        onKeyDown={keyed}
        {...dragged(move)}
      />
    );
  }

  const [from, to] = [start ?? 0, Math.min(stop ?? duration, duration)];
  /** Between its neighbours: one that passed another would be that one from there on. */
  const moveMark = (place: number) => (seconds: number): void =>
    onMarks(marks.with(place, Math.min(Math.max(seconds, (marks[place - 1] ?? -0.001) + 0.001), (marks[place + 1] ?? duration) - 0.001)));
  return (
    <div class="timeline">
      <div
        class="track"
        ref={track}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          onSeek(secondsAt(event));
        }}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && onSeek(secondsAt(event))}
      >
        <div class="part" style={{ left: share(from), right: `calc(100% - ${share(to)})` }} />
        {handle("in", timeline.start, from, (seconds) => onPart({ start: seconds <= 0 ? null : Math.min(seconds, to - 0.001) }))}
        {handle("out", timeline.end, to, (seconds) => onPart({ stop: seconds >= duration ? null : Math.max(seconds, from + 0.001) }))}
        {marks.map((seconds, place) =>
          handle("instant", timeline.instant(place + 1), seconds, moveMark(place), () => onMarks(marks.filter((one) => one !== seconds))))}
        {handle("playhead", timeline.playhead, at, onSeek)}
      </div>
    </div>
  );
}

/** Where a key leads from an instant; null where it leads nowhere. */
function keyedTo({ key, shiftKey }: KeyboardEvent, seconds: number, duration: number, step: TimelineProps["step"]): number | null {
  const sign = { ArrowLeft: -1, ArrowDown: -1, PageDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 1 }[key];
  if (key === "Home") return 0;
  if (key === "End") return duration;
  if (!sign) return null;
  const next = key.startsWith("Page") ? seconds + 10 * sign : shiftKey ? seconds + sign : step(seconds, sign);
  return Math.min(Math.max(next, 0), duration);
}
