// One picture in full, above the page: arrow keys go on, Escape goes back.

import { useEffect, useRef } from "preact/hooks";
import { linked } from "../api/places.ts";
import { isIn } from "../state/runs.ts";
import type { Storyboard } from "../state/storyboard.ts";
import { pictureAt, toggled } from "../state/viewing.ts";
import { useWords } from "../ui/page.ts";
import { useSize } from "../ui/size.ts";
import { SmallPicture } from "./small-picture.tsx";
import { useVideoTexts } from "./texts.ts";
import { useTitles, useView, useViewing } from "./view.ts";

interface LargeProps {
  place: number;
  count: number;
  board: Storyboard | null;
  go: (place: number) => void;
  close: () => void;
}

export function Large({ place, count, board, go, close }: LargeProps) {
  const { t } = useWords();
  const texts = useVideoTexts();
  const titleOf = useTitles();
  const { store, want } = useView();
  const dialog = useRef<HTMLDialogElement>(null);
  const picture = useViewing(({ pictures }) => pictureAt(pictures, place), place);
  const isLost = useViewing(({ pictures }) => pictures.isLost);
  const isChosen = useViewing((viewing) => isIn(viewing.choice.chosen, place), place);
  const title = titleOf(place, picture);

  useEffect(() => dialog.current!.showModal(), []);
  // The neighbours are asked for too, so that the next step shows them at once.
  useEffect(() => want(Math.max(1, place - 1), Math.min(count, place + 1)), [place]);
  const nextUp = useViewing(({ pictures }) => pictureAt(pictures, place + 1), place);
  useEffect(() => {
    if (nextUp) new Image().src = linked(nextUp.url);
  }, [nextUp]);

  const steps: Readonly<Record<string, number>> = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 1, End: count };
  function press(event: KeyboardEvent): void {
    const to = steps[event.key];
    if (to === undefined || event.altKey) return;
    event.preventDefault();
    if (to >= 1 && to <= count) go(to);
  }

  return (
    <dialog ref={dialog} class="large" aria-label={title} onClose={close} onKeyDown={press}>
      <Full key={place} place={place} count={count} board={board} />
      {isLost && !picture && (
        <p role="alert" class="problem">
          {texts.lostOne} <button type="button" onClick={() => want(place, place)}>{t.retry}</button>
        </p>
      )}
      <div class="large-bar">
        <p aria-live="polite">{title}</p>
        <button type="button" aria-label={texts.previous} aria-disabled={place === 1} onClick={() => place > 1 && go(place - 1)}>←</button>
        <button type="button" aria-label={texts.next} aria-disabled={place === count} onClick={() => place < count && go(place + 1)}>→</button>
        <button type="button" aria-label={texts.chooseThis} aria-pressed={isChosen} onClick={() => store.part("choice").change(toggled, place)}>
          {texts.choose}
        </button>
        {picture && <a class="button primary" href={linked(picture.url)} download={picture.fileName}>{texts.save}</a>}
        <button type="button" onClick={() => dialog.current?.close()}>{t.close}</button>
      </div>
    </dialog>
  );
}

/** The tile at once, and the picture above it as soon as it is here. */
function Full({ place, count, board }: Pick<LargeProps, "place" | "count" | "board">) {
  const { renew } = useView();
  const box = useRef<HTMLDivElement>(null);
  const [width, height] = useSize(box);
  const picture = useViewing(({ pictures }) => pictureAt(pictures, place), place);
  return (
    <div ref={box} class="large-picture">
      <SmallPicture place={place} count={count} board={board} width={width} height={height} picture={undefined} />
      {picture && <img src={linked(picture.url)} alt="" onError={() => renew(place)} />}
    </div>
  );
}
