// The film as one picture that follows the pointer, and as a line in time.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { linked } from "../api/places.ts";
import type { Storyboard } from "../state/storyboard.ts";
import { pictureAt } from "../state/viewing.ts";
import { useSize } from "../ui/size.ts";
import { SmallPicture } from "./small-picture.tsx";
import { useVideoTexts } from "./texts.ts";
import { useTitles, useView, useViewing } from "./view.ts";

interface StageProps {
  count: number;
  ratio: number;
  board: Storyboard | null;
  open: (place: number) => void;
}

/** Milliseconds at one picture after which it is shown in full. */
const AT_REST = 150;

export function Stage({ count, ratio, board, open }: StageProps) {
  const texts = useVideoTexts();
  const titleOf = useTitles();
  const { store, want, renew } = useView();
  const scrub = useViewing((viewing) => viewing.scrub);
  const hovered = useSignal<number | null>(null);
  const rested = useSignal(0);
  const frame = useRef<HTMLButtonElement>(null);
  const [width, height] = useSize(frame);
  const place = hovered.value ?? scrub;
  const picture = useViewing(({ pictures }) => pictureAt(pictures, place), place);
  const title = titleOf(place, picture);

  useEffect(() => {
    const rest = setTimeout(() => {
      want(place, place);
      rested.value = place;
    }, AT_REST);
    return () => clearTimeout(rest);
  }, [place]);

  function hover({ clientX, currentTarget, pointerType }: PointerEvent): void {
    if (pointerType === "touch") return;
    const { left, width: whole } = (currentTarget as HTMLElement).getBoundingClientRect();
    const share = Math.min(Math.max((clientX - left) / whole, 0), 0.9999);
    hovered.value = Math.floor(share * count) + 1;
  }

  function leave(): void {
    if (hovered.value !== null) store.part("scrub").change(() => hovered.peek()!);
    hovered.value = null;
  }

  return (
    <div class="stage">
      <button
        ref={frame}
        type="button"
        class="stage-picture"
        aria-label={texts.openAt(title)}
        style={{ aspectRatio: String(ratio) }}
        onPointerMove={hover}
        onPointerLeave={leave}
        onClick={() => open(place)}
      >
        <SmallPicture place={place} count={count} board={board} width={width} height={height} picture={undefined} />
        {picture && rested.value === place && <img src={linked(picture.url)} alt="" decoding="async" onError={() => renew(place)} />}
        <span class="stage-place" style={{ transform: `scaleX(${place / count})` }} />
        <span class="stage-title">{title}</span>
      </button>
      <input
        type="range"
        min={1}
        max={count}
        value={place}
        aria-label={texts.timeline}
        aria-valuetext={title}
        onInput={(event) => store.part("scrub").change(() => Number(event.currentTarget.value))}
      />
      <p class="hint">{texts.timelineHint}</p>
    </div>
  );
}
