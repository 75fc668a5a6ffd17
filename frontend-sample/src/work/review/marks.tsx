// The instants that are marked, each in a field: to the millisecond, for whoever knows them.

import { clock } from "./clock.ts";
import { useReviewTexts } from "./texts.ts";

interface MarksProps {
  marks: readonly number[];
  duration: number;
  onMarks: (instants: readonly number[]) => void;
  onSeek: (seconds: number) => void;
}

export function Marks({ marks, duration, onMarks, onSeek }: MarksProps) {
  const { timeline, instants, removeInstant, goToInstant } = useReviewTexts();
  if (marks.length === 0) return null;
  return (
    <fieldset class="marks">
      <legend>{instants(marks.length)}</legend>
      <ol>
        {marks.map((seconds, place) => (
          <li key={seconds}>
            <button type="button" class="link" aria-label={goToInstant(clock(seconds))} onClick={() => onSeek(seconds)}>
              {clock(seconds)}
            </button>
            <input
              type="number"
              min={0}
              max={duration}
              step="any"
              aria-label={timeline.instant(place + 1)}
              value={seconds}
              onChange={({ currentTarget: { valueAsNumber: typed } }) => {
                if (Number.isFinite(typed)) onMarks(marks.with(place, Math.min(Math.max(typed, 0), duration)));
              }}
            />
            <button type="button" class="icon" aria-label={removeInstant(clock(seconds))} onClick={() => onMarks(marks.filter((one) => one !== seconds))}>
              ×
            </button>
          </li>
        ))}
      </ol>
    </fieldset>
  );
}
