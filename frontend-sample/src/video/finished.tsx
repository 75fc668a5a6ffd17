// A finished video: the film to scrub, its gallery, and one picture in full.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { ReadVideo, type Viewed } from "../api/viewed.ts";
import type { Storyboard } from "../state/storyboard.ts";
import { ActionButton, Alert } from "../ui/controls.tsx";
import { download } from "../ui/download.ts";
import { usePage, useWords } from "../ui/page.ts";
import { Gallery } from "./gallery.tsx";
import { Large } from "./large.tsx";
import { Stage } from "./stage.tsx";
import { useVideoTexts } from "./texts.ts";
import { Toolbar } from "./toolbar.tsx";
import { useLarge } from "./use-large.ts";
import { useView, useViewing } from "./view.ts";

interface FinishedProps {
  video: Viewed;
  result: NonNullable<Viewed["result"]>;
  children: ComponentChildren;
}

export function Finished({ video, result, children }: FinishedProps) {
  const texts = useVideoTexts();
  const { t, size } = useWords();
  const place = useViewing((viewing) => viewing.open);
  const scroller = useRef<HTMLElement>(null);
  const [show, close] = useLarge(scroller);
  const { originalFileName: name, media } = video;
  const count = result.frameCount;
  const ratio = media ? media.width / media.height : 16 / 9;
  const board: Storyboard | null = null;
  const shared = { count, ratio, board };
  return (
    <>
      <div class="video-head">
        <Stage {...shared} open={show} />
        <div class="video-side">
          <p class="status" data-state="COMPLETED">
            <span class="dot" />
            <strong>{t.status.COMPLETED}</strong>
            <span class="numbers">{t.frameCount(count)} · {size(result.sizeBytes)}</span>
          </p>
          <DownloadAll id={video.id} />
          {children}
        </div>
      </div>
      <section ref={scroller} class="frames" aria-label={texts.gallery(name)}>
        <Toolbar count={count} />
        <LostPictures />
        <p id="gallery-hint" class="unseen">{texts.galleryHint}</p>
        <Gallery {...shared} name={name} open={show} />
      </section>
      {place !== null && place <= count && <Large count={count} board={board} place={place} go={show} close={close} />}
    </>
  );
}

function DownloadAll({ id }: { id: string }) {
  const { t } = useWords();
  const { ask } = usePage();
  const problem = useSignal<Problem | null>(null);

  /** Links are short-lived, so it is asked for when it is needed. */
  async function save(): Promise<void> {
    const { answer, problem: matter } = await ask(ReadVideo, { id });
    problem.value = matter;
    if (answer?.result) download(linked(answer.result.downloadUrl));
  }

  return (
    <>
      <ActionButton class="primary" onAction={save}>{t.download}</ActionButton>
      <Alert problem={problem.value} />
    </>
  );
}

function LostPictures() {
  const { t } = useWords();
  const texts = useVideoTexts();
  const { store, want } = useView();
  const isLost = useViewing(({ pictures }) => pictures.isLost);
  if (!isLost) return null;
  const { at } = store.part("choice").now();
  return (
    <p role="alert" class="problem">
      {texts.lost} <button type="button" onClick={() => want(at, at)}>{t.retry}</button>
    </p>
  );
}
